package commands

import (
	"strings"
	"testing"

	"zook/jute"
)

// eyes runs a command for a person at a terminal of 40 columns.
func eyes(t *testing.T, server string, colour bool, words ...string) string {
	t.Helper()
	u := newTerminal(server)
	defer u.Close()
	u.Terminal, u.Color, u.Width = true, colour, func() int { return 40 }
	u.finish(Run(t.Context(), &u.Env, words))
	return mask(u.take())
}

func TestForEyes(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		c := dial(t, server)
		for _, path := range []string{"/first", "/second", "/third", "/fourth", "/fifth"} {
			if _, _, err := c.Create(t.Context(), path, make([]byte, 1500), jute.OpenACL(), jute.Persistent, 0); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []struct{ line, out string }{
			{"create /text hello", "Created /text\n"},
			{"get /text", "hello\n"},
			{"ls /", "fifth   fourth  text\nfirst   second  third\n"},
			{"get /text /text", "/text:\nhello\n/text:\nhello\n"},
			{"stat /first", "" +
				"czxid           0xN\nctime           TIME\nmzxid           0xN\nmtime           TIME\npzxid           0xN\n" +
				"cversion        0\nversion         0\naversion        0\nephemeralOwner  0x0\ndataLength      1.5 kB\nnumChildren     0\n"},
			{"sync /", "Sync is OK\n"},
			{"whoami", "┌────────┬───────────┐\n│ scheme │ user      │\n├────────┼───────────┤\n│ ip     │ 127.0.0.1 │\n└────────┴───────────┘\n"},
			{"whoami -o text", "ip 127.0.0.1\n"},
			{"stat /first -o json", "{\n  \"path\": \"/first\",\n  \"czxid\": \"0xN\",\n  \"mzxid\": \"0xN\",\n  \"pzxid\": \"0xN\",\n" +
				"  \"ctime\": \"TIME\",\n  \"mtime\": \"TIME\",\n  \"version\": 0,\n  \"cversion\": 0,\n  \"aversion\": 0,\n" +
				"  \"ephemeralOwner\": \"0x0\",\n  \"dataLength\": 1500,\n  \"numChildren\": 0\n}\n"},
		} {
			if got := eyes(t, server, false, strings.Fields(want.line)...); got != want.out {
				t.Errorf("%s\n--- got\n%s--- want\n%s", want.line, got, want.out)
			}
		}
		if got := eyes(t, server, true, "get", "/text", "/text"); !strings.HasPrefix(got, "\x1b[1m/text:\x1b[") {
			t.Errorf("in colour: %q", got)
		}
		if got := zook(t.Context(), server, "", "get", "/text"); got != "hello" {
			t.Errorf("to a program: %q", got)
		}
	})
}

// Names of znodes cannot steer a terminal: servers refuse most control
// characters, but not every server is Apache's.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünï":             "plain ünï",
		"\x1b[31mred":           `\x1b[31mred`,
		"line\nbreak\x7f\u009b": `line\x0abreak\x7f\x9b`,
	} {
		if got := printable(in); got != want {
			t.Errorf("%q is printed as %q, want %q", in, got, want)
		}
	}
}

func TestSizesAndCounts(t *testing.T) {
	eyes, program := Style{Terminal: true}, Style{}
	for n, want := range map[int64][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1.0 kB", "1,000"}, 1_048_575: {"1.0 MB", "1,048,575"},
		999_960: {"1.0 MB", "999,960"}, -12_345: {"-12.3 kB", "-12,345"}, 5_000_000_000_000: {"5.0 TB", "5,000,000,000,000"},
	} {
		if got := [2]string{eyes.Size(n), eyes.Count(n)}; got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
		if a, b := program.Size(n), program.Count(n); strings.ContainsAny(a+b, ", kMGT") {
			t.Errorf("for a program %d is %q and %q", n, a, b)
		}
	}
}
