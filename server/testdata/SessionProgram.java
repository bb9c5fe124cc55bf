import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/** Prints what Apache's client tells of its sessions: timeouts, and who gets one, loses one or is refused. */
public class SessionProgram {
    static String server;

    /** A client that notes its states. */
    static class Client {
        final BlockingQueue<String> states = new LinkedBlockingQueue<>();
        final ZooKeeper zk;

        Client(int timeout, boolean readOnly) throws Exception {
            zk = new ZooKeeper(server, timeout, watcher(), readOnly);
        }

        Client(int timeout, long id, byte[] password) throws Exception {
            zk = new ZooKeeper(server, timeout, watcher(), id, password);
        }

        Watcher watcher() {
            return e -> {
                if (e.getType() == Watcher.Event.EventType.None) {
                    states.add(e.getState().toString());
                }
            };
        }

        String next() throws Exception {
            String s = states.poll(20, TimeUnit.SECONDS);
            return s == null ? "nothing" : s;
        }
    }

    public static void main(String[] args) throws Exception {
        server = args[0];
        for (int timeout : new int[] {500, 1999, 2000, 7654, 20000, 20001, 1000000}) {
            Client c = new Client(timeout, timeout % 2 == 0);
            System.out.println("asked for " + timeout + ": " + c.next() + " " + c.zk.getSessionTimeout() + " " + c.zk.getState());
            c.zk.close();
        }
        Client a = new Client(10000, false);
        System.out.println("a: " + a.next());
        a.zk.create("/e", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        long id = a.zk.getSessionId();

        Client wrong = new Client(10000, id, new byte[16]);
        System.out.println("a wrong password: " + wrong.next() + " " + wrong.zk.getState());
        System.out.println("who had the session: " + a.next() + " " + a.next() + ", the same: " + (a.zk.getSessionId() == id));
        System.out.println("its ephemeral: " + (a.zk.exists("/e", false) != null));
        try {
            wrong.zk.exists("/e", false);
        } catch (KeeperException e) {
            System.out.println("what is asked then: " + e.code());
        }

        a.zk.getTestable().injectSessionExpiration(); // it is gone, and the server does not know
        System.out.println("a: " + a.next());
        Client other = new Client(5000, id, a.zk.getSessionPasswd());
        System.out.println("the right one: " + other.next() + " " + other.zk.getSessionTimeout() + ", the same: "
                + (other.zk.getSessionId() == id && Arrays.equals(other.zk.getSessionPasswd(), a.zk.getSessionPasswd()))
                + ", the ephemeral: " + (other.zk.exists("/e", false) != null));
        other.zk.close();

        Client late = new Client(5000, id, other.zk.getSessionPasswd());
        System.out.println("a closed session: " + late.next() + " " + late.zk.getState());
        Client b = new Client(10000, false);
        System.out.println("b: " + b.next() + ", the ephemeral: " + (b.zk.exists("/e", false) != null));
        System.out.println("done");
        System.exit(0);
    }
}
