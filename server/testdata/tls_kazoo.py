"""A program for kazoo through TLS. It prints what it sees; two servers that are alike
make it print the same. The arguments are host:port, the authority's certificate and the
client's certificate with its key."""

import sys
import threading

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.security import make_acl

hosts, authority, certificate = sys.argv[1:]


def say(*words):
    print(*words, flush=True)


def started(what, **kwargs):
    c = KazooClient(hosts=hosts, timeout=10.0, use_ssl=True, ca=authority, **kwargs)
    c.start(timeout=30)
    say(what, "is connected")
    return c


def tried(what, call, *args, **kwargs):
    try:
        say(what, call(*args, **kwargs))
    except KazooException as e:
        say(what, "refused:", type(e).__name__)


known = started("who shows a certificate", certfile=certificate, keyfile=certificate)
tried("create", known.create, "/k", b"x" * 100000, acl=[make_acl("auth", "", all=True)])
tried("get", lambda: len(known.get("/k")[0]))
tried("ACL", lambda: known.get_acls("/k")[0])
events = []
told = threading.Event()


def seen(event):
    events.append(event)
    told.set()


tried("watch", lambda: known.exists("/k/x", watch=seen) is None)
nobody = started("who shows none")
tried("get of nobody", nobody.get, "/k")
tried("create of nobody", nobody.create, "/k/x", b"")
tried("create", known.create, "/k/x", b"")
told.wait(10)  # kazoo calls watchers on a thread of their own
say(events)
many = known.transaction()
for i in range(300):
    many.create("/k/m%d" % i, b"y" * 1000)
tried("multi", lambda: len(many.commit()))
tried("list", lambda: len(known.get_children("/k")))
for c in known, nobody:
    c.stop()
say("done")
