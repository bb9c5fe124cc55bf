import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Transaction;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/** A program for Apache's own client: it prints what it sees. The argument is host:port. */
public class JavaClientProgram {
    static String server;

    static final class Events implements Watcher {
        final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

        public void process(WatchedEvent e) {
            seen.add(e.getType() == Event.EventType.None ? e.getState().toString() : e.getType() + " " + e.getPath());
        }

        void print(String what, int n) throws Exception {
            List<String> got = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                String e = seen.poll(20, TimeUnit.SECONDS);
                if (e == null) {
                    throw new Exception("never: " + what + " after " + got);
                }
                got.add(e);
            }
            System.out.println(what + ": " + got);
        }
    }

    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    static void say(String what, Callable<?> call) throws Exception {
        Object o;
        try {
            o = call.call();
        } catch (KeeperException e) {
            o = "refused: " + e.code() + (e.getPath() == null ? "" : " " + e.getPath())
                + (e.getResults() == null ? "" : " " + results(e.getResults()));
        } catch (IllegalArgumentException e) {
            o = "no argument";
        }
        System.out.println(what + ": " + (o instanceof byte[] ? new String((byte[]) o, StandardCharsets.UTF_8)
            : o instanceof Stat ? stat((Stat) o) : o));
    }

    static String stat(Stat s) {
        return "version " + s.getVersion() + " cversion " + s.getCversion() + " aversion " + s.getAversion() + " length "
            + s.getDataLength() + " children " + s.getNumChildren() + " owner " + (s.getEphemeralOwner() == 0 ? 0
            : s.getEphemeralOwner() == Long.MIN_VALUE ? "container" : s.getEphemeralOwner() >>> 56 == 0xff ? "ttl" : "session")
            + " changed " + (s.getMzxid() > s.getCzxid()) + " children changed " + (s.getPzxid() > s.getCzxid());
    }

    static String results(List<OpResult> results) {
        return results.stream().map(r -> {
            if (r instanceof OpResult.ErrorResult) {
                return "error " + ((OpResult.ErrorResult) r).getErr();
            } else if (r instanceof OpResult.CreateResult) {
                Stat s = ((OpResult.CreateResult) r).getStat();
                return "create " + ((OpResult.CreateResult) r).getPath() + (s == null ? "" : " " + stat(s));
            } else if (r instanceof OpResult.GetDataResult) {
                return "data " + new String(((OpResult.GetDataResult) r).getData()) + " " + stat(((OpResult.GetDataResult) r).getStat());
            } else if (r instanceof OpResult.GetChildrenResult) {
                return "children " + sorted(((OpResult.GetChildrenResult) r).getChildren());
            } else if (r instanceof OpResult.SetDataResult) {
                return "set " + stat(((OpResult.SetDataResult) r).getStat());
            }
            return r.getClass().getSimpleName();
        }).collect(Collectors.toList()).toString();
    }

    static List<String> sorted(List<String> l) {
        List<String> s = new ArrayList<>(l);
        Collections.sort(s);
        return s;
    }

    static ZooKeeper connect(Events e, String chroot, boolean readOnly) throws Exception {
        ZooKeeper zk = new ZooKeeper(server + chroot, 6000, e, readOnly);
        e.print("connected", 1);
        return zk;
    }

    static void eventually(String what, Callable<Boolean> ok) throws Exception {
        for (int i = 0; !ok.call(); i++) {
            if (i == 2000) {
                throw new Exception("never: " + what);
            }
            Thread.sleep(10);
        }
        System.out.println(what);
    }

    static Object field(Object of, Class<?> in, String name) throws Exception {
        Field f = in.getDeclaredField(name);
        f.setAccessible(true);
        return f.get(of);
    }

    static void call(Object on, String name) throws Exception {
        Method m = on.getClass().getDeclaredMethod(name);
        m.setAccessible(true);
        m.invoke(on);
    }

    /** The connection goes, as when a cable is pulled; the client comes back by itself. */
    static void cut(ZooKeeper zk) throws Exception {
        Object cnxn = field(zk, ZooKeeper.class, "cnxn");
        call(field(cnxn, cnxn.getClass(), "sendThread"), "testableCloseSocket");
    }

    /** The client dies, and has not closed its session. */
    static void kill(ZooKeeper zk) throws Exception {
        call(field(zk, ZooKeeper.class, "cnxn"), "disconnect");
    }

    public static void main(String[] args) throws Exception {
        server = args[0];
        Events events = new Events();
        ZooKeeper zk = connect(events, "", false), other = connect(new Events(), "", false);
        zk.create("/j", bytes("one"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        znodes(zk);
        async(zk);
        multis(zk);
        acls(zk, other);
        watches(zk, other);
        removals(zk, other);
        reconnects(zk, other, events);
        sessions(other);
        admin();
        say("deleted", () -> ZKUtil.deleteRecursive(other, "/j", 1000));
        zk.close();
        other.close(5000);
        say("state", () -> zk.getState());
        say("after close", () -> zk.exists("/j", false));
        System.out.println("done");
    }

    static void znodes(ZooKeeper zk) throws Exception {
        for (CreateMode mode : CreateMode.values()) {
            Stat s = new Stat();
            say("create " + mode, () -> mode.isTTL() ? zk.create("/j/m-", bytes("x"), ZooDefs.Ids.OPEN_ACL_UNSAFE, mode, s, 60000)
                : zk.create("/j/m-", bytes("x"), ZooDefs.Ids.OPEN_ACL_UNSAFE, mode, s));
            System.out.println(stat(s));
            if (!mode.isSequential()) {
                say("exists", () -> zk.exists("/j/m-", false));
                zk.delete("/j/m-", 0);
            }
        }
        say("a TTL that is none", () -> zk.create("/j/ttl", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, null, 0));
        say("a TTL that is too long", () -> zk.create("/j/ttl", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, null, 1L << 40));
        say("again", () -> zk.create("/j", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        say("no parent", () -> zk.create("/j/no/x", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        say("no path", () -> zk.create("/j/../x", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        say("set", () -> zk.setData("/j", bytes("two"), 0));
        say("set an old version", () -> zk.setData("/j", null, 0));
        say("get", () -> zk.getData("/j", false, null));
        say("null", () -> zk.setData("/j", null, -1));
        say("get null", () -> zk.getData("/j", false, new Stat()));
        say("none", () -> zk.exists("/none", false));
        say("get none", () -> zk.getData("/none", false, null));
        say("children", () -> sorted(zk.getChildren("/j", false)));
        Stat s = new Stat();
        say("children with stat", () -> sorted(zk.getChildren("/j", null, s)) + stat(s));
        say("number below", () -> zk.getAllChildrenNumber("/j"));
        say("ephemerals", () -> sorted(zk.getEphemerals("/j")));
        say("ephemerals of none", () -> zk.getEphemerals("/x"));
        say("number below none", () -> zk.getAllChildrenNumber("/x"));
        say("delete with children", () -> { zk.delete("/j", -1); return "gone"; });
        say("large", () -> zk.setData("/j", new byte[1000000], -1));
        say("config", () -> zk.getConfig(false, null));
    }

    static void async(ZooKeeper zk) throws Exception {
        int n = 500;
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch latch = new CountDownLatch(3 * n + 2);
        for (int i = 0; i < n; i++) {
            String path = "/j/a" + i;
            zk.create(path, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, (rc, p, ctx, name, st) -> {
                order.add(rc + name + st.getVersion());
                latch.countDown();
            }, null);
            zk.setData(path, bytes("x"), 0, (rc, p, ctx, st) -> { order.add(rc + p + st.getVersion()); latch.countDown(); }, null);
            zk.delete(path, 1, (rc, p, ctx) -> { order.add(rc + p); latch.countDown(); }, null);
        }
        zk.sync("/j", (rc, p, ctx) -> { order.add("sync " + rc + p); latch.countDown(); }, null);
        zk.exists("/j/a1", false, (rc, p, ctx, st) -> { order.add("exists " + rc + p); latch.countDown(); }, null);
        System.out.println("async " + latch.await(30, TimeUnit.SECONDS) + " " + order.size() + " " + order.hashCode() + " "
            + order.subList(0, 4) + order.subList(3 * n, 3 * n + 2));
    }

    static void multis(ZooKeeper zk) throws Exception {
        List<ACL> open = ZooDefs.Ids.OPEN_ACL_UNSAFE;
        say("multi", () -> results(zk.multi(Arrays.asList(
            Op.create("/j/t", bytes("1"), open, CreateMode.PERSISTENT), Op.setData("/j/t", bytes("2"), 0), Op.check("/j/t", 1),
            Op.create("/j/t/s-", null, open, CreateMode.EPHEMERAL_SEQUENTIAL), Op.create("/j/t/c", null, open, CreateMode.CONTAINER),
            Op.create("/j/t/l", null, open, CreateMode.PERSISTENT_WITH_TTL, 60000), Op.delete("/j/t/c", 0)))));
        say("a multi that fails", () -> results(zk.multi(Arrays.asList(
            Op.create("/j/u", bytes("1"), open, CreateMode.PERSISTENT), Op.check("/j/t", 7), Op.delete("/j/none", -1)))));
        say("nothing of it", () -> zk.exists("/j/u", false));
        say("no operation", () -> results(zk.multi(Collections.emptyList())));
        say("reads", () -> results(zk.multi(Arrays.asList(Op.getData("/j/t"), Op.getChildren("/j/t"), Op.getData("/none"), Op.getChildren("/j/none")))));
        say("reads and writes", () -> results(zk.multi(Arrays.asList(Op.getData("/j/t"), Op.delete("/j/t", -1)))));
        Transaction t = zk.transaction().create("/j/v", null, open, CreateMode.PERSISTENT).check("/j/v", 0).setData("/j/v", bytes("v"), -1).delete("/j/v", 1);
        say("transaction", () -> results(t.commit()));
    }

    static void acls(ZooKeeper zk, ZooKeeper other) throws Exception {
        say("who", () -> zk.whoAmI().toString().replaceAll("\\s+", " "));
        zk.addAuthInfo("digest", bytes("ann:secret"));
        eventually("digest is there", () -> zk.whoAmI().stream().anyMatch(i -> i.getAuthScheme().equals("digest")));
        say("hers", () -> zk.create("/j/hers", bytes("h"), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
        say("ACL", () -> zk.getACL("/j/hers", new Stat()).toString().replaceAll("\\s+", " "));
        say("get", () -> other.getData("/j/hers", false, null));
        say("children", () -> other.getChildren("/j/hers", false));
        say("the ACL", () -> other.getACL("/j/hers", null));
        say("set", () -> other.setData("/j/hers", null, -1));
        say("below", () -> other.create("/j/hers/x", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        say("no auth", () -> other.create("/j/hers2", null, ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
        say("set ACL", () -> zk.setACL("/j/hers", ZooDefs.Ids.READ_ACL_UNSAFE, 0));
        say("set ACL again", () -> zk.setACL("/j/hers", ZooDefs.Ids.READ_ACL_UNSAFE, 1));
        say("get", () -> other.getData("/j/hers", false, null));
        for (Id id : new Id[] {new Id("world", "all"), new Id("ip", "1.2.3"), new Id("ip", "127.0.0.1/33"), new Id("digest", "x"), new Id("none", "x")}) {
            say("an ACL for " + id.getScheme() + " " + id.getId(), () ->
                other.create("/j/bad", null, Collections.singletonList(new ACL(31, id)), CreateMode.PERSISTENT));
        }
        say("no ACL", () -> other.create("/j/bad", null, Collections.emptyList(), CreateMode.PERSISTENT));
        say("by address", () -> other.create("/j/ip", null, Collections.singletonList(new ACL(31, new Id("ip", "127.0.0.0/8"))), CreateMode.PERSISTENT));
        Events e = new Events();
        ZooKeeper failed = connect(e, "", false);
        failed.addAuthInfo("none", bytes("x"));
        e.print("auth of an unknown scheme", 1);
        say("after it", () -> failed.exists("/", false));
        say("state", () -> failed.getState());
        failed.close();
    }

    static void watches(ZooKeeper zk, ZooKeeper other) throws Exception {
        Events e = new Events();
        zk.exists("/j/w", e);
        other.create("/j/w", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        e.print("created", 1);
        zk.getData("/j/w", e, null);
        zk.getChildren("/j/w", e);
        other.setData("/j/w", bytes("x"), -1);
        e.print("changed", 1);
        other.create("/j/w/c", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        e.print("children", 1);
        zk.getData("/j/w", e, null);
        zk.getChildren("/j/w", new Events());
        ZKUtil.deleteRecursive(other, "/j/w");
        e.print("deleted", 1);
        Events p = new Events(), r = new Events();
        zk.addWatch("/j/p", p, AddWatchMode.PERSISTENT);
        zk.addWatch("/j/r", r, AddWatchMode.PERSISTENT_RECURSIVE);
        for (String path : new String[] {"/j/p", "/j/r"}) {
            other.create(path, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            other.create(path + "/a", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            other.create(path + "/a/b", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            other.setData(path + "/a", bytes("1"), -1);
            other.setData(path, bytes("1"), -1);
            other.multi(Arrays.asList(Op.delete(path + "/a/b", -1), Op.delete(path + "/a", -1), Op.delete(path, -1)));
        }
        p.print("persistent", 5);
        r.print("recursive", 8);
        zk.removeWatches("/j/r", r, Watcher.WatcherType.Any, false);
        r.print("removed", 1);
    }

    static void removals(ZooKeeper zk, ZooKeeper other) throws Exception {
        Events a = new Events(), b = new Events();
        zk.create("/j/x", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.getData("/j/x", a, null);
        zk.getData("/j/x", b, null);
        zk.getChildren("/j/x", a);
        say("one of two", () -> { zk.removeWatches("/j/x", a, Watcher.WatcherType.Data, false); return "ok"; });
        a.print("it is told", 1);
        say("again", () -> { zk.removeWatches("/j/x", a, Watcher.WatcherType.Data, false); return "ok"; });
        say("locally", () -> { zk.removeWatches("/j/x", a, Watcher.WatcherType.Children, true); return "ok"; });
        say("none", () -> { zk.removeWatches("/j/none", a, Watcher.WatcherType.Any, false); return "ok"; });
        other.setData("/j/x", bytes("1"), -1);
        b.print("the other is told", 1);
        zk.getData("/j/x", b, null);
        zk.getChildren("/j/x", a);
        say("all", () -> { zk.removeAllWatches("/j/x", Watcher.WatcherType.Any, false); return "ok"; });
        b.print("told", 1);
        say("all again", () -> { zk.removeAllWatches("/j/x", Watcher.WatcherType.Any, false); return "ok"; });
    }

    static void reconnects(ZooKeeper zk, ZooKeeper other, Events events) throws Exception {
        long id = zk.getSessionId();
        zk.create("/j/eph", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        List<Events> w = new ArrayList<>();
        for (String path : new String[] {"/j/gone", "/j/new", "/j/x"}) {
            Events e = new Events();
            w.add(e);
            if (path.equals("/j/gone")) {
                zk.create(path, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
                zk.getData(path, e, null);
            } else if (path.equals("/j/new")) {
                zk.exists(path, e);
            } else {
                zk.getChildren(path, e);
            }
        }
        Events late = new Events(), lasting = new Events();
        zk.exists("/j/late", late);
        zk.addWatch("/j/lasting", lasting, AddWatchMode.PERSISTENT_RECURSIVE);
        events.seen.clear();
        cut(zk);
        other.multi(Arrays.asList(Op.delete("/j/gone", -1), Op.create("/j/new", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
            Op.create("/j/x/c", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)));
        events.print("default watcher", 2);
        for (int i = 0; i < 3; i++) { // it is told of the connection too, unless the change came before
            String e;
            do {
                e = w.get(i).seen.poll(20, TimeUnit.SECONDS);
            } while (e != null && !e.startsWith("Node"));
            System.out.println("missed: " + e);
        }
        other.create("/j/late", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        other.create("/j/lasting", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        late.print("kept", 3);
        lasting.print("kept", 3);
        say("same session", () -> zk.getSessionId() == id);
        say("ephemeral", () -> other.exists("/j/eph", false));
        say("identities", () -> zk.whoAmI().size());
        say("hers", () -> zk.setData("/j/hers", null, -1));
    }

    static void sessions(ZooKeeper other) throws Exception {
        Events first = new Events(), second = new Events(), third = new Events();
        ZooKeeper a = connect(first, "/j", false);
        say("below a chroot", () -> a.create("/ch", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL));
        kill(a);
        ZooKeeper b = new ZooKeeper(server, 6000, second, a.getSessionId(), a.getSessionPasswd());
        second.print("attached", 1);
        say("same session", () -> b.getSessionId() == a.getSessionId());
        say("its ephemeral", () -> b.exists("/j/ch", false));
        ZooKeeper wrong = new ZooKeeper(server, 6000, third, a.getSessionId(), new byte[16]);
        third.print("a wrong password", 1);
        say("state", () -> wrong.getState());
        wrong.close();
        b.close();
        say("its ephemeral", () -> other.exists("/j/ch", false));
        Events last = new Events();
        ZooKeeper dead = connect(last, "", false);
        dead.create("/j/dead", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        kill(dead);
        eventually("a session expires", () -> other.exists("/j/dead", false) == null);
        ZooKeeper late = new ZooKeeper(server, 6000, last, dead.getSessionId(), dead.getSessionPasswd());
        last.print("too late", 1);
        late.close();
        Events e = new Events();
        ZooKeeper ro = connect(e, "", true);
        say("read-only client", () -> ro.getState());
        say("timeout", () -> ro.getSessionTimeout());
        ro.updateServerList(server + "," + server);
        eventually("another server list", () -> {
            try {
                return ro.exists("/j", false) != null;
            } catch (KeeperException.ConnectionLossException lost) {
                return false; // the list may make it connect anew
            }
        });
        ro.close();
        for (int timeout : new int[] {1000, 1000000}) {
            Events t = new Events();
            ZooKeeper zk = new ZooKeeper(server, timeout, t);
            t.print("asked for " + timeout, 1);
            say("timeout", () -> zk.getSessionTimeout());
            zk.close();
        }
    }

    static void admin() throws Exception {
        Events e = new Events();
        ZooKeeperAdmin admin = new ZooKeeperAdmin(server, 6000, e);
        e.print("admin", 1);
        say("reconfigure", () -> admin.reconfigure("server.2=localhost:1:2;3", null, null, -1, null));
        say("no reconfiguration", () -> admin.reconfigure((String) null, null, null, -1, null));
        admin.close();
    }
}
