"""A program for kazoo. It prints what it sees; two servers that are alike make it
print the same. The argument is host:port."""

import socket
import sys
import threading
import time

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import KazooException
from kazoo.recipe.barrier import DoubleBarrier
from kazoo.recipe.watchers import ChildrenWatch, DataWatch
from kazoo.security import make_acl, make_digest_acl

hosts = sys.argv[1]


def say(*words):
    print(*words, flush=True)


def refused(what, call, *args, **kwargs):
    try:
        say(what, "went through:", call(*args, **kwargs))
    except KazooException as e:
        say(what, "refused:", type(e).__name__)


def eventually(what, ok):
    deadline = time.time() + 10
    while not ok():
        if time.time() > deadline:
            say("never:", what)
            sys.exit(1)
        time.sleep(0.01)
    say(what)


def stat(s):
    return "version %d cversion %d aversion %d length %d children %d owner %s" % (
        s.version, s.cversion, s.aversion, s.dataLength, s.numChildren, s.ephemeralOwner != 0)


def started(**kwargs):
    c = KazooClient(hosts=hosts, timeout=4.0, **kwargs)
    c.start(timeout=20)
    return c


a = started()
b = started()
states = []
a.add_listener(states.append)

# Data.
say("create", a.create("/kz", b"one"))
say("create below", a.create("/kz/deep/er", b"x", makepath=True))
data, s = a.get("/kz")
say("get", data, stat(s))
say("set", stat(a.set("/kz", b"two", version=0)))
refused("set with an old version", a.set, "/kz", b"three", version=0)
refused("create again", a.create, "/kz", b"")
refused("get of none", a.get, "/kz/none")
refused("delete of one with children", a.delete, "/kz")
say("exists", a.exists("/kz/none"), stat(a.exists("/kz")))
say("ephemeral", a.create("/kz/eph", b"", ephemeral=True), stat(b.exists("/kz/eph")))
refused("child of an ephemeral", a.create, "/kz/eph/x", b"")
say("sequence", [a.create("/kz/seq-", b"", sequence=True) for _ in range(3)])
say("ephemeral sequence", a.create("/kz/eseq-", b"", ephemeral=True, sequence=True))
path, s = a.create("/kz/withstat", b"12", include_data=True)
say("with stat", path, stat(s))
say("children", sorted(a.get_children("/kz")), stat(a.get_children("/kz", include_data=True)[1]))
say("sync", a.sync("/kz"))
say("null data", a.create("/kz/null", None), a.get("/kz/null")[0])
say("large data", len(a.set("/kz/null", b"x" * 900000) and a.get("/kz/null")[0]))

# Many requests at once.
answers = [a.create_async("/kz/async-%d" % i, b"") for i in range(200)]
say("async", all(r.get(timeout=10) == "/kz/async-%d" % i for i, r in enumerate(answers)))
[r.get(timeout=10) for r in [a.delete_async("/kz/async-%d" % i) for i in range(200)]]

# Transactions.
t = a.transaction()
t.create("/kz/t1", b"1")
t.set_data("/kz/t1", b"2")
t.check("/kz/t1", version=1)
t.create("/kz/t-", b"", sequence=True)
say("transaction", [r if isinstance(r, (str, bool)) else stat(r) for r in t.commit()])
t = a.transaction()
t.create("/kz/t2", b"1")
t.check("/kz/t1", version=7)
t.delete("/kz/t1")
say("failing transaction", [type(r).__name__ for r in t.commit()], a.exists("/kz/t2"))

# Watches.
events = []
say("watch", a.exists("/kz/w", watch=events.append))
b.create("/kz/w", b"1")
eventually("created", lambda: len(events) == 1)
a.get("/kz/w", watch=events.append)
a.get_children("/kz/w", watch=events.append)
b.set("/kz/w", b"2")
eventually("changed", lambda: len(events) == 2)
b.create("/kz/w/x", b"")
eventually("children changed", lambda: len(events) == 3)
a.get("/kz/w/x", watch=events.append)
b.delete("/kz/w", recursive=True)
eventually("deleted", lambda: len(events) == 4)
say([(e.type, e.state, e.path) for e in events])

seen = []
b.create("/kz/dw", b"0")
DataWatch(a, "/kz/dw", lambda data, stat: seen.append(data))
eventually("DataWatch begins", lambda: seen == [b"0"])
for i in range(1, 6):
    b.set("/kz/dw", b"%d" % i)
    eventually("DataWatch sees %d" % i, lambda: seen[-1] == b"%d" % i)
b.delete("/kz/dw")
eventually("DataWatch sees the end", lambda: seen[-1] is None)

kids = []
b.create("/kz/cw", b"")
ChildrenWatch(a, "/kz/cw", lambda names: kids.append(sorted(names)))
for i in range(4):
    b.create("/kz/cw/%d" % i, b"")
    eventually("ChildrenWatch sees %d" % i, lambda: len(kids[-1]) == i + 1)

# ACLs.
say("auth", a.add_auth("digest", "ann:secret"))
acl = [make_digest_acl("ann", "secret", all=True)]
say("create hers", a.create("/kz/hers", b"private", acl=acl))
refused("read by another", b.get, "/kz/hers")
refused("list by another", b.get_children, "/kz/hers")
refused("create by another", b.create, "/kz/hers/x", b"")
acls, s = a.get_acls("/kz/hers")
say("ACL", [(x.perms, x.id.scheme, x.id.id) for x in acls], stat(s))
say("set ACL", stat(a.set_acls("/kz/hers", acl + [make_acl("world", "anyone", read=True)])))
say("read by another now", b.get("/kz/hers")[0])
refused("written by another", b.set, "/kz/hers", b"")
say("auth of the other", b.add_auth("digest", "ann:secret"), b.get("/kz/hers")[0])
refused("an ACL that is none", a.create, "/kz/bad", b"", acl=[make_acl("none", "x", all=True)])
c = started()
refused("auth of an unknown scheme", c.add_auth, "none", "x")
c.stop()
c.close()

# A broken connection: same session, ephemerals, watches.
before = a.client_id
lost = []
a.exists("/kz/later", watch=lost.append)
a._connection._socket.shutdown(socket.SHUT_RDWR)
b.create("/kz/later", b"")
eventually("suspended and back", lambda: KazooState.SUSPENDED in states and states[-1] == KazooState.CONNECTED)
say("same session", a.client_id == before, a.exists("/kz/eph") is not None)
for i in range(20):
    a.set("/kz", b"after %d" % i)
say("writes after", a.get("/kz")[0])

# Recipes.
order = []


def worker(client, n):
    with client.Lock("/kz/lock", "worker %d" % n):
        order.append(("in", n))
        time.sleep(0.02)
        order.append(("out", n))


threads = [threading.Thread(target=worker, args=([a, b][n % 2], n)) for n in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
say("lock", len(order), all(order[i][0] == "in" and order[i + 1] == ("out", order[i][1]) for i in range(0, 12, 2)))
counter = a.Counter("/kz/counter")
for _ in range(5):
    counter += 2
say("counter", counter.value, b.Counter("/kz/counter").value)
q = a.Queue("/kz/queue")
[q.put(b"%d" % i) for i in range(3)]
say("queue", [b.Queue("/kz/queue").get() for _ in range(3)])
lq = a.LockingQueue("/kz/lqueue")
lq.put(b"item")
say("locking queue", lq.get(timeout=5), lq.consume())
sem = [x.Semaphore("/kz/sem", max_leases=1) for x in (a, b)]
say("semaphore", sem[0].acquire(), sem[1].acquire(blocking=False), sem[0].release(), sem[1].acquire(), sem[1].release())
led = []
election = b.Election("/kz/election", "b")
runner = threading.Thread(target=lambda: election.run(lambda: led.append("b")))
runner.start()
runner.join(10)
say("election", led)
barriers = [DoubleBarrier(x, "/kz/barrier", 2) for x in (a, b)]
enter = [threading.Thread(target=x.enter) for x in barriers]
[t.start() for t in enter]
[t.join(10) for t in enter]
say("barrier", [x.participating for x in barriers])
leave = [threading.Thread(target=x.leave) for x in barriers]
[t.start() for t in leave]
[t.join(10) for t in leave]
party = [x.Party("/kz/party", n) for x, n in ((a, "a"), (b, "b"))]
[p.join() for p in party]
say("party", sorted(party[0]))
[p.leave() for p in party]

# The end of a session.
a.stop()
a.close()
eventually("its ephemerals go", lambda: b.exists("/kz/eph") is None)
say("left", sorted(b.get_children("/kz")))
b.delete("/kz", recursive=True)
say("deleted", b.exists("/kz"))
b.stop()
b.close()
say("done")
