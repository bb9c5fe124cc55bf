package server

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zook/internal/zktest"
)

const jaasModule = "org.apache.zookeeper.server.auth.DigestLoginModule"

// jaasFiles are login configurations, good and bad.
var jaasFiles = []string{
	"",
	"Server { " + jaasModule + ` required user_bob="secret" user_ann="geheim"; };`,
	"Server{" + jaasModule + " required user_bob=secret;};",
	"Server\n{\r\n\t" + jaasModule + " REQUIRED\r\n user_bob = \"se cret\" ; } ;\r\n",
	"// a\n/* b\n * c */ Server { # ; };",
	"// a\n/* b\n * c */ Server { /**/ x.y required a=b /* ; */ c=d; // };\n }; / the end\n",
	"/ one slash is a comment too\nServer { x required a=b/ c=d;\n ; };",
	"Server { x required; y optional a=b; z Sufficient; w requisite; };",
	"Server { };",
	"Server { x required a=1; };",
	"Server { x required a=\"1\"; };",
	"Server { x required a=b1.c-d_e$f*g; };",
	"Server { x required a=-b; };",
	"Server { x required a=.b; };",
	"Server { x required 1a=b; };",
	"Server { x required a=b@c; };",
	"Server { x required a='b'; };",
	"Server { x required user_a@b=c; };",
	`Server { x required "user_a@b/c d"="c"; };`,
	`Server { x required a="\a\b\f\n\r\t\v\"\\\x\1\12\123\1234\377\4777\8é\é"; };`,
	`Server { x required a=""; };`,
	"Server { x required a=\"unfinished\n b=c; };",
	"Server { x required a=\"unfinished",
	"Server { x required a=\"two\\\nlines\"; };",
	`Server { x required a="\`,
	"Server { x required user_rené=garçon user_Жук=\"пароль\"; };",
	"Server { x required a=\"\xff\xfe\" b\xff=c; };",
	"Server { x required a=b a=c; };",
	"Server { x required a=b c; };",
	"Server { x required a b; };",
	"Server { x required =b; };",
	"Server { x required a=; };",
	"Server { x a=b; };",
	"Server { x perhaps a=b; };",
	"Server { x required a=b }; ",
	"Server { x required a=b; }",
	"Server { x required a=b; } Client { y required; };",
	"Server { x required a=b; }; Client { y required c=\"d\"; };",
	"Server { x required; }; Server { y required; };",
	"Server { x required; }; Client { y required; }; Client { };",
	`"Server" { x required; }; "a b" { "y z" "required" c=d; }; "" { w required; };`,
	"{ x required; };",
	"; Server { x required; };",
	"Server x required; };",
	"Server { { x required; }; };",
	"Server",
	"Server {",
	"Server { x",
	"Server { x required",
	"Server { x required a",
	"Server { x required a=",
	"Server { x required a=b",
	"Server { x required a=b;",
	"\ufeffServer { x required; };",
	"Server\x00{\x01x required; };",
	"Server { x required a=b; }; /* unfinished",
	"Server { x required a=b; }; //",
	"Client { x required; };",
	"x\u0085y { z required; };",
}

// jaasText is what JAASFile prints of one.
func jaasText(text string) string {
	sections, err := parseJAAS(text)
	if err != nil {
		return " error"
	}
	var b strings.Builder
	for _, name := range []string{"Server", "Client", "a b", ""} {
		for _, m := range sections[name] {
			fmt.Fprintf(&b, " [%s] %x", name, m.class)
			for _, o := range slices.Sorted(maps.Keys(m.options)) {
				fmt.Fprintf(&b, " %x=%x", o, m.options[o])
			}
		}
	}
	return b.String()
}

func TestJAASFilesAreReadAsJavaReadsThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{filepath.Join("testdata", "JAASFile.java")}
	for i, text := range jaasFiles {
		file := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	lines := strings.Split(strings.TrimSuffix(output(t, zktest.Java(t, nil, args...)), "\n"), "\n")
	if len(lines) != len(jaasFiles) {
		t.Fatalf("%d lines of %d files", len(lines), len(jaasFiles))
	}
	for i, text := range jaasFiles {
		if got := fmt.Sprint(i) + jaasText(text); got != lines[i] {
			t.Errorf("%q\n ours %s\n Java %s", text, got, lines[i])
		}
	}
}

func TestUsersOfJAASFiles(t *testing.T) {
	for _, test := range []struct {
		text, section, want, err string
	}{
		{"Server { " + jaasModule + ` required user_bob="secret" user_a.b=x user_="y" username="no" user="no" other="${no}"; };`, "Server", `map[:y a.b:x bob:secret]`, ""},
		{"Server { " + jaasModule + " required; };", "Server", "map[]", ""},
		{"Server { };", "Server", "none", ""},
		{"Client { " + jaasModule + " required user_bob=x; };", "Server", "none", ""},
		{"Other { " + jaasModule + " required user_bob=x; };", "Other", "map[bob:x]", ""},
		{"Server { " + jaasModule + " required user_bob=x; " + jaasModule + " optional user_ann=y user_bob=z; };", "Server", "map[ann:y bob:z]", ""},
		{"Server { com.sun.security.auth.module.Krb5LoginModule required keyTab=\"/k\"; };", "Server", "", "section Server: com.sun.security.auth.module.Krb5LoginModule is not known"},
		{"Client { com.sun.security.auth.module.Krb5LoginModule required keyTab=\"${user.home}/k\"; };", "Server", "none", ""},
		{"Server { " + jaasModule + ` required user_bob="a${user.name}b"; };`, "Server", "", "user_bob: there are no system properties"},
		{"Server { " + jaasModule + ` required user_bob="a${b"; };`, "Server", "map[bob:a${b]", ""},
		{"Server {\n" + jaasModule + "\nrequired\nuser_bob=\"secret\n;\n}\n", "Server", "", "jaas.conf:7: ; is expected, not the end of the file"},
		{"Server {\n" + jaasModule + " required user_bob \"secret\"; };", "Server", "", "jaas.conf:2: = is expected, not a word or a value"},
		{"Server {\n" + jaasModule + " required user_bob=\"secret\" \"hidden\"; };", "Server", "", "jaas.conf:2: = is expected, not ';'"},
		{"Server {\n" + jaasModule + "\n perhaps; };", "Server", "", `jaas.conf:3: "perhaps" is not required`},
		{"Server {\n" + jaasModule + "\n required user_bob=1; };", "Server", "", `jaas.conf:3: what begins with '1' must be in quotes`},
	} {
		file := filepath.Join(t.TempDir(), "jaas.conf")
		if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{file, "=" + file, "file:" + file, "file://" + file} {
			users, err := readJAAS(name, test.section)
			got := fmt.Sprint(users)
			if users == nil {
				got = "none"
			}
			switch {
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "secret")):
				t.Errorf("%s: %v, want %s", test.text, err, test.err)
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("%s: %s, %v, want %s", test.text, got, err, test.want)
			}
		}
	}
}

func TestLoginConfigurationsThatAreNone(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{large: "too large", t.TempDir(): "is not a file", os.DevNull: "is not a file", "/nowhere/x": "no such file"} {
		if users, err := readJAAS(file, "Server"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", file, users, err)
		}
	}
}

// The keys that are about SASL, in zoo.cfg and as system properties.
func TestSASLKeys(t *testing.T) {
	jaas := zktest.JAAS(t, "Server", map[string]string{"user_bob": "secret", "user_super": "s"})
	other := zktest.JAAS(t, "Other", map[string]string{"user_ann": "geheim"})
	bob := map[string]string{"bob": "secret", "super": "s"}
	for _, test := range []struct {
		file, flags string
		want        Config
		warning     string
		err         string
	}{
		{"java.security.auth.login.config=" + jaas, "", Config{SASLUsers: bob}, "", ""},
		{"", "-Xmx1g -Djava.security.auth.login.config=" + jaas + " -Djava.security.krb5.conf=/x", Config{SASLUsers: bob}, "", ""},
		{"sasl.serverconfig=Other\njava.security.auth.login.config=" + other, "", Config{SASLUsers: map[string]string{"ann": "geheim"}}, "", ""},
		{"java.security.auth.login.config=" + other, "", Config{}, "names a file without a section Server: nobody can log in", ""},
		{"java.security.auth.login.config=" + jaas + "\nzookeeper.SASLAuthenticationProvider.superPassword=t", "", Config{SASLUsers: map[string]string{"bob": "secret", "super": "t"}}, "", ""},
		{"sasl.serverconfig=Other\nSASLAuthenticationProvider.superPassword=t\njava.security.auth.login.config=" + other, "", Config{SASLUsers: map[string]string{"ann": "geheim"}}, "", ""},
		{"superUser.2=b\nsuperUser=a\nzookeeper.superUser.x.y=c\nallowSaslFailedClients=true\nletAnySaslUserDoX=any", "",
			Config{SASLSuperUsers: []string{"a", "b", "c"}, KeepFailedSASL: true, SASLAnyUser: "any"}, "", ""},
		{"sessionRequireClientSASLAuth=true\nauthProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider", "",
			Config{EnforceAuth: []string{"sasl"}, AuthSchemes: []string{"sasl"}}, "", ""},
		{"sessionRequireClientSASLAuth=true", "", Config{}, "", "zoo.cfg:2: sessionRequireClientSASLAuth: it needs authProvider.1"},
		{"sessionRequireClientSASLAuth=false", "", Config{}, "", ""},
		{"superUserX=a", "", Config{}, "superUserX has no meaning here", ""},
		{"sessionRequireClientSASLAuth=yes", "", Config{}, "", "zoo.cfg:2: sessionRequireClientSASLAuth"},
		{"java.security.auth.login.config=", "", Config{}, "", "zoo.cfg:2: java.security.auth.login.config: it is empty"},
		{"java.security.auth.login.config=/nowhere/jaas.conf", "", Config{}, "", "zoo.cfg:2: java.security.auth.login.config: stat /nowhere/jaas.conf"},
		{"", "-Djava.security.auth.login.config=/nowhere", Config{}, "", "SERVER_JVMFLAGS: java.security.auth.login.config: stat /nowhere"},
	} {
		test.want.DataDir, test.want.Addr = "/d", ":2181"
		got, warnings, err := parseConfig("dataDir=/d\n"+test.file, func(name string) string {
			return map[string]string{"SERVER_JVMFLAGS": test.flags}[name]
		})
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v, want %s", test.file, err, test.err)
			}
		case err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want):
			t.Errorf("%s %s: %v\n got %+v\nwant %+v", test.file, test.flags, err, got, test.want)
		case test.warning == "" && len(warnings) > 0 || test.warning != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], test.warning)):
			t.Errorf("%s: warnings %q, want %q", test.file, warnings, test.warning)
		}
	}
}

// FuzzJAAS reads any text as a login configuration, and in a bounded time.
func FuzzJAAS(f *testing.F) {
	for _, text := range jaasFiles {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sections, err := parseJAAS(text)
		if err == nil {
			return
		}
		if strings.ContainsAny(err.Error(), "\n\r\x1b") || len(sections) > len(text) {
			t.Errorf("%q: %d sections, %v", text, len(sections), err)
		}
	})
}
