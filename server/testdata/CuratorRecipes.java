import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.WatcherRemoveCuratorFramework;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.PromotedToLock;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;

/** The other recipes of Curator, for CuratorProgram. */
public class CuratorRecipes {
    static void eventually(String what, Callable<Boolean> ok) throws Exception {
        CuratorProgram.eventually(what, ok);
    }

    static void run(CuratorFramework a, CuratorFramework b) throws Exception {
        framework(a, b);
        caches(a, b);
        locks(a, b);
        leaders(a, b);
        barriers(a, b);
        queues(a, b);
        nodes(a, b);
        expiry(a, b);
    }

    static void framework(CuratorFramework a, CuratorFramework b) throws Exception {
        CountDownLatch background = new CountDownLatch(2);
        List<String> events = Collections.synchronizedList(new ArrayList<>());
        a.create().creatingParentsIfNeeded().inBackground((c, e) -> {
            events.add(e.getType() + " " + e.getPath() + " " + e.getResultCode());
            background.countDown();
        }).forPath("/cr/back/ground", "x".getBytes());
        a.getData().inBackground((c, e) -> {
            events.add(e.getType() + " " + e.getPath() + " " + e.getResultCode());
            background.countDown();
        }).forPath("/cr/none");
        System.out.println(background.await(10, TimeUnit.SECONDS));
        Collections.sort(events);
        System.out.println(events);
        System.out.println(a.create().withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/cr/p-").replaceFirst("_c_[-0-9a-f]+", "GUID"));
        System.out.println(a.create().orSetData().forPath("/cr/back", "set".getBytes()) + new String(b.getData().forPath("/cr/back")));
        a.delete().quietly().guaranteed().forPath("/cr/none");
        System.out.println(a.usingNamespace("cr").getChildren().forPath("/").stream().filter(n -> !n.startsWith("_c_")).collect(Collectors.toList()));
        System.out.println(a.getACL().forPath("/cr").toString().replaceAll("\\s+", ""));
        a.sync().forPath("/cr");
        try {
            a.transaction().forOperations(a.transactionOp().create().forPath("/cr/t"), a.transactionOp().delete().forPath("/cr/none"));
        } catch (KeeperException e) {
            System.out.println(e.code() + " " + e.getResults().size() + " " + a.checkExists().forPath("/cr/t"));
        }
        WatcherRemoveCuratorFramework w = a.newWatcherRemoveCuratorFramework();
        w.getData().usingWatcher((org.apache.zookeeper.Watcher) e -> events.add("watched " + e.getType())).forPath("/cr/back");
        w.removeWatchers();
        eventually("watchers are removed", () -> events.contains("watched DataWatchRemoved"));
        try {
            a.reconfig().joining("server.2=localhost:1:2;3").forEnsemble();
        } catch (KeeperException e) {
            System.out.println("reconfig " + e.code());
        }
        System.out.println("config [" + new String(a.getConfig().forEnsemble()) + "]");
        PersistentWatcher p = new PersistentWatcher(a, "/cr/pw", true);
        p.getListenable().addListener(e -> events.add(e.getType() + " " + e.getPath()));
        p.start();
        eventually("a persistent watcher is set", () -> {
            b.create().orSetData().forPath("/cr/pw");
            return events.stream().anyMatch(e -> e.endsWith("/cr/pw"));
        });
        b.create().forPath("/cr/pw/x");
        eventually("it sees what is below", () -> events.contains("NodeCreated /cr/pw/x"));
        p.close();
    }

    static void caches(CuratorFramework a, CuratorFramework b) throws Exception {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        b.create().creatingParentsIfNeeded().forPath("/cr/cache/one", "1".getBytes());
        try (PathChildrenCache path = new PathChildrenCache(a, "/cr/cache", true);
             NodeCache node = new NodeCache(a, "/cr/cache/one"); TreeCache tree = new TreeCache(a, "/cr/cache")) {
            path.getListenable().addListener((c, e) -> seen.add("path " + e.getType() + (e.getData() == null ? "" : " " + e.getData().getPath())));
            node.getListenable().addListener(() -> seen.add("node " + (node.getCurrentData() == null ? "gone" : new String(node.getCurrentData().getData()))));
            tree.getListenable().addListener((c, e) -> seen.add("tree " + e.getType() + (e.getData() == null ? "" : " " + e.getData().getPath())));
            path.start(PathChildrenCache.StartMode.POST_INITIALIZED_EVENT);
            node.start(true);
            tree.start();
            eventually("caches begin", () -> seen.contains("path INITIALIZED") && seen.contains("tree INITIALIZED"));
            System.out.println(new String(node.getCurrentData().getData()) + tree.getCurrentChildren("/cr/cache").keySet());
            b.setData().forPath("/cr/cache/one", "2".getBytes());
            eventually("they see a change", () -> seen.containsAll(Arrays.asList("path CHILD_UPDATED /cr/cache/one", "node 2", "tree NODE_UPDATED /cr/cache/one")));
            b.create().creatingParentsIfNeeded().forPath("/cr/cache/two/three");
            eventually("and creates", () -> seen.containsAll(Arrays.asList("path CHILD_ADDED /cr/cache/two", "tree NODE_ADDED /cr/cache/two/three")));
            b.delete().forPath("/cr/cache/one");
            eventually("and deletes", () -> seen.containsAll(Arrays.asList("path CHILD_REMOVED /cr/cache/one", "node gone", "tree NODE_REMOVED /cr/cache/one")));
        }
        List<String> all = new ArrayList<>(seen);
        Collections.sort(all);
        System.out.println(all);
    }

    static void locks(CuratorFramework a, CuratorFramework b) throws Exception {
        InterProcessReadWriteLock x = new InterProcessReadWriteLock(a, "/cr/rw"), y = new InterProcessReadWriteLock(b, "/cr/rw");
        x.readLock().acquire();
        System.out.println("readers " + y.readLock().acquire(10, TimeUnit.SECONDS) + " writer " + y.writeLock().acquire(100, TimeUnit.MILLISECONDS));
        System.out.println("holders " + x.readLock().getParticipantNodes().size());
        y.readLock().release();
        x.readLock().release();
        y.writeLock().acquire();
        System.out.println("reader " + x.readLock().acquire(100, TimeUnit.MILLISECONDS) + " same reader " + y.readLock().acquire(100, TimeUnit.MILLISECONDS));
        y.readLock().release();
        y.writeLock().release();
        InterProcessSemaphoreMutex sm = new InterProcessSemaphoreMutex(a, "/cr/sm");
        sm.acquire();
        System.out.println("held " + new InterProcessSemaphoreMutex(b, "/cr/sm").acquire(100, TimeUnit.MILLISECONDS));
        sm.release();
        InterProcessMultiLock both = new InterProcessMultiLock(a, Arrays.asList("/cr/l1", "/cr/l2"));
        both.acquire();
        System.out.println("of two " + new InterProcessMutex(b, "/cr/l2").acquire(100, TimeUnit.MILLISECONDS));
        both.release();
        eventually("lock parents are containers, and go", () -> b.checkExists().forPath("/cr/l1") == null || b.getChildren().forPath("/cr/l1").isEmpty());
        DistributedAtomicInteger n = new DistributedAtomicInteger(a, "/cr/n", new RetryOneTime(1), PromotedToLock.builder().lockPath("/cr/nl").build());
        n.initialize(40);
        System.out.println("atomic " + n.increment().postValue() + " " + n.add(10).postValue() + " " + n.compareAndSet(51, 7).succeeded() + " " + n.get().postValue());
    }

    static void leaders(CuratorFramework a, CuratorFramework b) throws Exception {
        BlockingQueue<String> led = new LinkedBlockingQueue<>();
        List<LeaderSelector> selectors = new ArrayList<>();
        for (CuratorFramework c : Arrays.asList(a, b)) {
            LeaderSelector s = new LeaderSelector(c, "/cr/selector", new LeaderSelectorListenerAdapter() {
                public void takeLeadership(CuratorFramework f) throws Exception {
                    led.add(f == a ? "a" : "b");
                    Thread.sleep(50);
                }
            });
            s.setId(c == a ? "a" : "b");
            s.autoRequeue();
            selectors.add(s);
            s.start();
        }
        for (String who : Arrays.asList("a", "b", "a", "b")) {
            eventually(who + " leads", () -> who.equals(led.poll(10, TimeUnit.SECONDS)) || who.equals(led.poll(10, TimeUnit.SECONDS)));
        }
        eventually("two participants", () -> selectors.get(0).getParticipants().size() == 2);
        for (LeaderSelector s : selectors) {
            s.close();
        }
    }

    static void barriers(CuratorFramework a, CuratorFramework b) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        DistributedBarrier barrier = new DistributedBarrier(a, "/cr/barrier"), waiter = new DistributedBarrier(b, "/cr/barrier");
        barrier.setBarrier();
        System.out.println("open " + waiter.waitOnBarrier(100, TimeUnit.MILLISECONDS));
        barrier.removeBarrier();
        System.out.println("open " + waiter.waitOnBarrier(10, TimeUnit.SECONDS));
        List<Callable<Boolean>> two = new ArrayList<>();
        for (CuratorFramework c : Arrays.asList(a, b)) {
            DistributedDoubleBarrier d = new DistributedDoubleBarrier(c, "/cr/double", 2);
            two.add(() -> d.enter(10, TimeUnit.SECONDS) && d.leave(10, TimeUnit.SECONDS));
        }
        for (java.util.concurrent.Future<Boolean> f : threads.invokeAll(two)) {
            System.out.println("entered and left " + f.get());
        }
        threads.shutdown();
        SharedCount count = new SharedCount(a, "/cr/count", 1), other = new SharedCount(b, "/cr/count", 2);
        count.start();
        other.start();
        System.out.println("count " + count.getCount() + " " + count.trySetCount(count.getVersionedValue(), 5));
        eventually("it is shared", () -> other.getCount() == 5);
        count.close();
        other.close();
    }

    static void queues(CuratorFramework a, CuratorFramework b) throws Exception {
        QueueSerializer<String> text = new QueueSerializer<String>() {
            public byte[] serialize(String s) {
                return s.getBytes();
            }

            public String deserialize(byte[] bytes) {
                return new String(bytes);
            }
        };
        BlockingQueue<String> got = new LinkedBlockingQueue<>();
        QueueConsumer<String> consumer = new QueueConsumer<String>() {
            public void consumeMessage(String s) {
                got.add(s);
            }

            public void stateChanged(CuratorFramework c, ConnectionState s) {
            }
        };
        DistributedQueue<String> put = QueueBuilder.builder(a, null, text, "/cr/queue").buildQueue();
        put.start();
        for (int i = 0; i < 5; i++) {
            put.put("q" + i);
        }
        System.out.println("flushed " + put.flushPuts(10, TimeUnit.SECONDS));
        DistributedQueue<String> take = QueueBuilder.builder(b, consumer, text, "/cr/queue").lockPath("/cr/queuelock").buildQueue();
        take.start();
        take(got, 5);
        put.close();
        take.close();
        DistributedPriorityQueue<String> first = QueueBuilder.builder(a, null, text, "/cr/prio").buildPriorityQueue(1);
        first.start();
        for (int i = 5; i > 0; i--) {
            first.put("p" + i, i);
        }
        first.flushPuts(10, TimeUnit.SECONDS);
        first.close();
        DistributedPriorityQueue<String> second = QueueBuilder.builder(b, consumer, text, "/cr/prio").buildPriorityQueue(1);
        second.start();
        take(got, 5);
        second.close();
        DistributedIdQueue<String> ids = QueueBuilder.builder(a, null, text, "/cr/ids").buildIdQueue();
        ids.start();
        ids.put("x", "id");
        ids.flushPuts(10, TimeUnit.SECONDS);
        System.out.println("removed by id " + ids.remove("id"));
        ids.close();
        SimpleDistributedQueue simple = new SimpleDistributedQueue(a, "/cr/simple");
        simple.offer("s".getBytes());
        System.out.println(new String(simple.peek()) + new String(new SimpleDistributedQueue(b, "/cr/simple").take()) + simple.poll());
    }

    static void take(BlockingQueue<String> q, int n) throws Exception {
        List<String> got = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            got.add(q.poll(10, TimeUnit.SECONDS));
        }
        System.out.println(got);
    }

    static void nodes(CuratorFramework a, CuratorFramework b) throws Exception {
        GroupMember x = new GroupMember(a, "/cr/group", "x"), y = new GroupMember(b, "/cr/group", "y", "data".getBytes());
        x.start();
        y.start();
        eventually("two members", () -> x.getCurrentMembers().size() == 2 && y.getCurrentMembers().size() == 2);
        y.close();
        eventually("one member", () -> x.getCurrentMembers().size() == 1);
        x.close();
        PersistentTtlNode ttl = new PersistentTtlNode(a, "/cr/ttl", 2000, "t".getBytes());
        ttl.start();
        System.out.println("ttl node " + ttl.waitForInitialCreate(10, TimeUnit.SECONDS));
        Thread.sleep(100);
        System.out.println("touched " + (b.checkExists().forPath("/cr/ttl") != null));
        ttl.close();
    }

    /** A session that expires: locks are lost, and Curator begins another. */
    static void expiry(CuratorFramework a, CuratorFramework b) throws Exception {
        BlockingQueue<ConnectionState> states = new LinkedBlockingQueue<>();
        a.getConnectionStateListenable().addListener((c, s) -> states.add(s));
        a.create().withMode(CreateMode.EPHEMERAL).forPath("/cr/eph");
        a.getZookeeperClient().getZooKeeper().getTestable().injectSessionExpiration();
        List<ConnectionState> seen = new ArrayList<>();
        for (ConnectionState s = null; s != ConnectionState.RECONNECTED; seen.add(s)) {
            s = states.poll(20, TimeUnit.SECONDS);
            if (s == null) {
                throw new Exception("it does not come back after " + seen);
            }
        }
        System.out.println(seen.contains(ConnectionState.LOST));
        eventually("what was of the session goes", () -> b.checkExists().forPath("/cr/eph") == null);
        System.out.println(a.checkExists().forPath("/cr") != null);
    }
}
