import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/**
 * Reads sets of keys, and prints the order in which a HashMap iterates over each:
 * the numbers of the keys. A set is its number of bins, its number of keys, and the
 * keys, each a length and UTF-8; of 0 bins, keys that are longs, in a map that is
 * made without a number of bins.
 */
public class MapOrder {
    public static void main(String[] args) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        StringBuilder out = new StringBuilder();
        for (int sets = in.readInt(); sets > 0; sets--) {
            int bins = in.readInt();
            Map<Object, Integer> map = bins == 0 ? new HashMap<>() : new HashMap<>(bins);
            int keys = in.readInt();
            for (int i = 0; i < keys; i++) {
                map.putIfAbsent(bins == 0 ? (Object) in.readLong() : text(in), i);
            }
            for (int i : map.values()) {
                out.append(i).append(' ');
            }
            out.append('\n');
        }
        System.out.print(out);
    }

    private static String text(DataInputStream in) throws IOException {
        byte[] b = new byte[in.readInt()];
        in.readFully(b);
        return new String(b, StandardCharsets.UTF_8);
    }
}
