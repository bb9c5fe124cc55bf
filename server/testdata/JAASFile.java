import java.io.File;
import java.nio.charset.StandardCharsets;
import java.security.URIParameter;
import java.util.HexFormat;
import java.util.TreeMap;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;

/** Prints what Java reads in JAAS login configurations: of each file a line, and the modules and options of its sections. */
public class JAASFile {
    public static void main(String[] files) {
        for (String file : files) {
            System.out.println(new File(file).getName() + read(file));
        }
    }

    private static String read(String file) {
        StringBuilder out = new StringBuilder();
        try {
            Configuration c = Configuration.getInstance("JavaLoginConfig", new URIParameter(new File(file).toURI()));
            for (String section : new String[] {"Server", "Client", "a b", ""}) {
                AppConfigurationEntry[] modules = c.getAppConfigurationEntry(section);
                for (AppConfigurationEntry m : modules == null ? new AppConfigurationEntry[0] : modules) {
                    out.append(" [" + section + "] " + hex(m.getLoginModuleName()));
                    new TreeMap<String, Object>(m.getOptions()).forEach((k, v) -> out.append(" " + hex(k) + "=" + hex((String) v)));
                }
            }
        } catch (Exception e) {
            return " error";
        }
        return out.toString();
    }

    private static String hex(String s) {
        return HexFormat.of().formatHex(s.getBytes(StandardCharsets.UTF_8));
    }
}
