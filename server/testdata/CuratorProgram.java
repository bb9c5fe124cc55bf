import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;

/** A program for Curator: it prints what it sees. The argument is host:port. */
public class CuratorProgram {
    static CuratorFramework client(String server) throws Exception {
        CuratorFramework c = CuratorFrameworkFactory.newClient(server, 6000, 5000, new RetryOneTime(100));
        c.start();
        if (!c.blockUntilConnected(20, TimeUnit.SECONDS)) {
            throw new Exception("not connected");
        }
        return c;
    }

    static void eventually(String what, java.util.concurrent.Callable<Boolean> ok) throws Exception {
        for (int i = 0; !ok.call(); i++) {
            if (i == 1000) {
                throw new Exception("never: " + what);
            }
            Thread.sleep(10);
        }
        System.out.println(what);
    }

    public static void main(String[] args) throws Exception {
        CuratorFramework a = client(args[0]), b = client(args[0]);
        System.out.println(a.create().creatingParentsIfNeeded().forPath("/cu/data", "x".getBytes()));
        System.out.println(a.create().creatingParentContainersIfNeeded().forPath("/cu/box/x"));
        System.out.println(a.create().withTtl(100000).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath("/cu/ttl"));
        System.out.println(a.create().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/cu/seq-").length());
        List<CuratorTransactionResult> results = new ArrayList<>(a.transaction().forOperations(
            a.transactionOp().create().forPath("/cu/t"), a.transactionOp().setData().forPath("/cu/t", "1".getBytes()),
            a.transactionOp().check().withVersion(1).forPath("/cu/t")));
        for (CuratorTransactionResult r : results) {
            System.out.println(r.getType() + " " + r.getForPath() + " " + r.getError());
        }

        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        CuratorCache cache = CuratorCache.build(a, "/cu/cache");
        cache.listenable().addListener(CuratorCacheListener.builder()
            .forCreates(d -> seen.add("created " + d.getPath())).forChanges((o, n) -> seen.add("changed " + n.getPath()))
            .forDeletes(d -> seen.add("deleted " + d.getPath())).build());
        cache.start();
        b.create().creatingParentsIfNeeded().forPath("/cu/cache/one/two");
        eventually("cache sees creates", () -> seen.contains("created /cu/cache/one/two"));
        b.setData().forPath("/cu/cache/one", "new".getBytes());
        eventually("cache sees changes", () -> seen.contains("changed /cu/cache/one"));
        b.delete().deletingChildrenIfNeeded().forPath("/cu/cache/one");
        eventually("cache sees deletes", () -> seen.contains("deleted /cu/cache/one"));
        cache.close();

        InterProcessMutex first = new InterProcessMutex(a, "/cu/lock"), second = new InterProcessMutex(b, "/cu/lock");
        first.acquire();
        System.out.println("second acquires " + second.acquire(200, TimeUnit.MILLISECONDS));
        first.release();
        System.out.println("second acquires " + second.acquire(10, TimeUnit.SECONDS));
        second.release();
        InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(a, "/cu/sem", 2);
        System.out.println("leases " + semaphore.acquire(2, 10, TimeUnit.SECONDS).size());
        DistributedAtomicLong counter = new DistributedAtomicLong(b, "/cu/counter", new RetryOneTime(10));
        for (int i = 0; i < 5; i++) {
            counter.increment();
        }
        System.out.println("counter " + counter.get().postValue());
        LeaderLatch leader = new LeaderLatch(a, "/cu/leader"), heir = new LeaderLatch(b, "/cu/leader");
        leader.start();
        eventually("a leads", leader::hasLeadership);
        heir.start();
        leader.close();
        eventually("b leads", heir::hasLeadership);
        heir.close();

        CuratorRecipes.run(a, b);

        PersistentNode node = new PersistentNode(a, CreateMode.EPHEMERAL, false, "/cu/node", "n".getBytes());
        node.start();
        System.out.println("persistent node " + node.waitForInitialCreate(10, TimeUnit.SECONDS));
        b.delete().forPath("/cu/node");
        eventually("it comes back", () -> b.checkExists().forPath("/cu/node") != null);
        a.close();
        eventually("it goes with its session", () -> b.checkExists().forPath("/cu/node") == null);
        b.close();
        System.out.println("done");
    }
}
