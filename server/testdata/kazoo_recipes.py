"""The recipes of kazoo that kazoo_program.py leaves out, and what else the client can
do. It prints what it sees. The argument is host:port."""

import sys
import threading
import time
from datetime import timedelta

from kazoo.client import KazooClient, KazooState, TransactionRequest
from kazoo.exceptions import KazooException
from kazoo.protocol.connection import _CONNECTION_DROP, _SESSION_EXPIRED
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.lease import MultiNonBlockingLease, NonBlockingLease
from kazoo.recipe.partitioner import PartitionState
from kazoo.recipe.watchers import PatientChildrenWatch
from kazoo.retry import KazooRetry
from kazoo.security import OPEN_ACL_UNSAFE

hosts = sys.argv[1]


def say(*words):
    print(*words, flush=True)


def refused(what, call, *args, **kwargs):
    try:
        say(what, "went through:", call(*args, **kwargs))
    except (KazooException, RuntimeError) as e:  # kazoo does not know every error
        say(what, "refused:", type(e).__name__)


def eventually(what, ok):
    deadline = time.time() + 20
    while not ok():
        if time.time() > deadline:
            say("never:", what)
            sys.exit(1)
        time.sleep(0.01)
    say(what)


def started(chroot="", **kwargs):
    c = KazooClient(hosts=hosts + chroot, timeout=4.0, **kwargs)
    c.start(timeout=20)
    return c


def together(*calls):
    threads = [threading.Thread(target=c) for c in calls]
    [t.start() for t in threads]
    [t.join(20) for t in threads]


root = started()
root.ensure_path("/kr/chroot")
a, b = started("/kr", auth_data=[("digest", "ann:secret")]), started("/kr")

# The client.
say("version", len(a.server_version()) >= 3)
say("words", a.command(b"ruok"), a.command(b"isro"), a.command(b"srvr").startswith("Zookeeper version: "))
say("ensure", a.ensure_path("/deep/er/er"), a.ensure_path("/deep/er/er"), a.exists("/deep/er") is not None)
refused("a chroot that is not there", started("/kr/none").create, "/x", b"")
say("acls", [str(x.id.id) for x in a.get_acls_async("/deep").get()[0]])
say("auth at the start", a.create("/hers", b"", acl=a.get_acls("/deep")[0]))
ro = started("/kr", read_only=True)
say("read-only client", ro.state, ro.client_state, ro.exists("/deep") is not None)
ro.stop()
ro.close()
tries = []


def fails_twice():
    tries.append(1)
    if len(tries) < 3:
        raise KazooRetry().retry_exceptions[0]()
    return "tried %d times" % len(tries)


say(KazooRetry(max_tries=5, delay=0.01)(fails_twice), a.retry(a.exists, "/none"))
with a.transaction() as t:
    t.create("/tx", b"1", acl=OPEN_ACL_UNSAFE, ephemeral=True)
    t.set_data("/tx", b"2")
    t.check("/tx", 1)
    t.delete("/tx")
say("empty transaction", TransactionRequest(a).commit())
t = a.transaction()
t.create("/deep", b"")
t.create("/never", b"")
say("refused transaction", [type(r).__name__ for r in t.commit()])

# Locks.
w, r = a.WriteLock("/rw", "w"), [b.ReadLock("/rw", "r%d" % i) for i in range(2)]
say("readers", [x.acquire(timeout=5) for x in r], "writer", w.acquire(blocking=False), sorted(r[0].contenders()))
[x.release() for x in r]
say("writer", w.acquire(timeout=5), "reader", r[0].acquire(blocking=False), w.release())
lock = a.Lock("/lock", "a")
say("lock", lock.acquire(ephemeral=False), b.Lock("/lock", "b").acquire(blocking=False), b.Lock("/lock").contenders())
waiting = b.Lock("/lock", "b")
waits = threading.Thread(target=waiting.acquire)
waits.start()
eventually("two contend", lambda: lock.contenders() == ["a", "b"])
lock.release()
waits.join(20)
say("the other has it", waiting.is_acquired, waiting.release())
sem = a.Semaphore("/sem", max_leases=2)
other = b.Semaphore("/sem", "b", max_leases=2)
say("semaphore", sem.acquire(), other.acquire(), sorted(other.lease_holders())[-1])
sem.release()
other.release()

# Barriers, queues, parties.
barrier = a.Barrier("/barrier")
say("barrier", barrier.create(), b.Barrier("/barrier").wait(0.1), barrier.remove(), b.Barrier("/barrier").wait(5))
queue = a.LockingQueue("/lq")
queue.put_all([b"low", b"lower"], priority=200)
queue.put(b"first", priority=1)
taken = []
for c in (a, b, a):
    q = c.LockingQueue("/lq")
    taken.append((len(q), q.get(timeout=5), q.holds_lock(), q.consume()))
say("locking queue", taken)
q = b.Queue("/queue")
[q.put(x, priority=p) for x, p in ((b"last", 900), (b"first", 1))]
say("queue", len(a.Queue("/queue")), a.Queue("/queue").get(), a.Queue("/queue").get(), a.Queue("/queue").get())
parties = [a.ShallowParty("/party", "a"), b.ShallowParty("/party", "b")]
[p.join() for p in parties]
say("party", sorted(parties[0]), len(parties[1]), [p.leave() for p in parties])
counter = a.Counter("/counter", default=1.5)
counter += 1.0
counter -= 4.0
say("counter", counter.value, counter.pre_value, counter.post_value)

# Leases.
day = timedelta(days=1)
say("lease", bool(NonBlockingLease(a, "/lease", day, "a")), bool(NonBlockingLease(b, "/lease", day, "b")))
say("leases", [bool(MultiNonBlockingLease(b, 2, "/leases", day, "id %d" % i)) for i in range(3)])

# Caches and watchers.
b.ensure_path("/cache")
events = []
cache = TreeCache(a, "/cache")
cache.listen(lambda e: events.append((e.event_type, getattr(e.event_data, "path", None))))
cache.start()
eventually("cache begins", lambda: (TreeEvent.INITIALIZED, None) in events)
b.create("/cache/x/y", b"1", makepath=True)
eventually("it sees creates", lambda: (TreeEvent.NODE_ADDED, "/cache/x/y") in events)
b.set("/cache/x/y", b"2")
eventually("it sees changes", lambda: (TreeEvent.NODE_UPDATED, "/cache/x/y") in events)
say("cache", cache.get_data("/cache/x/y").data, cache.get_children("/cache"))
b.delete("/cache/x", recursive=True)
eventually("it sees deletes", lambda: (TreeEvent.NODE_REMOVED, "/cache/x") in events)
cache.close()
b.ensure_path("/patient/x")
found = PatientChildrenWatch(a, "/patient", time_boundary=0.2).start().get(timeout=20)
say("patient", found[0])

# Partitions of a set.
parts = [c.SetPartitioner("/parts", set=("1", "2", "3"), identifier=n, time_boundary=0.2) for c, n in ((a, "a"), (b, "b"))]
together(*[lambda p=p: p.wait_for_acquire(20) for p in parts])
eventually("partitioned", lambda: all(p.state == PartitionState.ACQUIRED for p in parts))
say("parts", sorted(sum((list(p) for p in parts), [])))
together(*[p.finish for p in parts])

# A connection that drops, a session that expires.
states, events = [], []
a.add_listener(states.append)
a.create("/eph", b"", ephemeral=True)
b.exists("/eph", watch=lambda e: events.append(e.type))
session = a.client_id
a._call(_CONNECTION_DROP, None)
eventually("back", lambda: states[:2] == [KazooState.SUSPENDED, KazooState.CONNECTED])
say("same session", a.client_id == session, a.exists("/eph") is not None)
del states[:]
a._call(_SESSION_EXPIRED, None)
eventually("another session", lambda: KazooState.LOST in states and states[-1] == KazooState.CONNECTED)
say("another", a.client_id != session)
say("hers", a.get("/hers")[0])

# A session that another client goes on with.
c = KazooClient(hosts=hosts + "/kr", timeout=4.0, client_id=b.client_id)
owner = b.client_id[0]
b.create("/b", b"", ephemeral=True)
c.start(timeout=20)
say("attached", c.client_id[0] == owner, c.exists("/b").ephemeralOwner == owner)
c.stop()
c.close()
eventually("its ephemeral goes", lambda: root.exists("/kr/b") is None)
a.stop()
a.close()
root.delete("/kr", recursive=True)
root.stop()
root.close()
say("done")
import os
os._exit(0)
