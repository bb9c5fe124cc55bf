"""Logs in by SASL in several ways and prints what comes of each."""
import logging
import socket
import sys
import time

from kazoo.client import KazooClient
from kazoo.protocol.states import KeeperState
from kazoo.retry import KazooRetry
from kazoo.security import ACL, Id

logging.disable(logging.CRITICAL)
addr = sys.argv[1]


def client(user, password, **more):
    return KazooClient(hosts=addr, timeout=10, **more,
                       sasl_options={"mechanism": "DIGEST-MD5", "username": user, "password": password})


def attempt(what, f):
    try:
        print(what, f())
    except Exception as e:
        print(what, type(e).__name__)


bob = client("bob", "secret")
bob.start(timeout=20)
only = [ACL(31, Id("sasl", "bob"))]
attempt("create", lambda: bob.create("/kazoo", b"data", acl=only))
attempt("get", lambda: bob.get("/kazoo")[0])
attempt("acl", lambda: bob.get_acls("/kazoo")[0])
attempt("ephemeral", lambda: bob.create("/kazoo/e", ephemeral=True))
bob._connection._socket.shutdown(socket.SHUT_RDWR)  # and it logs in again
steady = KazooRetry(max_tries=100)
attempt("after a reconnect", lambda: steady(bob.get, "/kazoo")[0])
attempt("the ephemeral is still there", lambda: steady(bob.exists, "/kazoo/e") is not None)

stranger = KazooClient(hosts=addr, timeout=10)
stranger.start(timeout=20)
attempt("a stranger", lambda: stranger.get("/kazoo"))
ann = client("ann", "geheim")
ann.start(timeout=20)
attempt("ann", lambda: ann.get("/kazoo"))
for user, password in (("bob", "wrong"), ("eve", "none")):  # ZooKeeper 3.8 lets eve in with the password of whoever came last
    refused = client(user, password, connection_retry={"max_tries": 0}, command_retry={"max_tries": 0})
    attempt("%s %s" % (user, password), lambda: refused.start(timeout=20))  # it does not say so here
    end = time.monotonic() + 10
    while refused.client_state != KeeperState.CLOSED and time.monotonic() < end:  # AUTH_FAILED for a moment before
        time.sleep(0.01)
    attempt("%s %s reads" % (user, password), lambda: refused.get("/"))
for c in (bob, ann, stranger):
    c.stop()
    c.close()
print("done")
