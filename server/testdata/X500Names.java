import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import javax.security.auth.x500.X500Principal;

/** Says of each line, a word and bytes in hexadecimal, what Java makes of a name. */
public class X500Names {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;) {
            String[] words = line.split(" ", 2);
            byte[] bytes = HexFormat.of().parseHex(words[1]);
            String said;
            try {
                if (words[0].equals("text")) {
                    new X500Principal(new String(bytes, StandardCharsets.UTF_8));
                    said = "valid";
                } else {
                    String name = new X500Principal(bytes).getName();
                    said = HexFormat.of().formatHex(name.getBytes(StandardCharsets.UTF_8));
                }
            } catch (IllegalArgumentException e) {
                said = "refused";
            }
            System.out.println(said);
        }
    }
}
