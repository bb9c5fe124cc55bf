package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/internal/zktest"
	"zook/server"
)

// passwordFile writes a file and names it in the words of a transcript.
func passwordFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSASL(t *testing.T) {
	users := map[string]string{"bob": "secret", "ann": "geheim"}
	right, wrong := passwordFile(t, "secret\n"), passwordFile(t, "guess")
	text := strings.NewReplacer("RIGHT", right, "WRONG", wrong).Replace(`
	$ zook --sasl-user bob --sasl-password-file RIGHT whoami
	ip 127.0.0.1
	sasl bob
	$ zook --sasl-user bob --sasl-password-file RIGHT create /bob his auth::cdrwa
	/bob
	$ zook --sasl-user bob --sasl-password-file RIGHT getAcl /bob
	sasl:bob:cdrwa
	$ zook --sasl-user bob --sasl-password-file RIGHT --auth digest:d:d whoami
	digest d
	ip 127.0.0.1
	sasl bob
	$ zook get /bob
	! zook: get /bob: not authorised: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	= 7
	$ zook --sasl-user ann get /bob
	! zook: get: the password of --sasl-user ann is wanted in a file, --sasl-password-file, or in ZOOK_SASL_PASSWORD
	= 2
	$ zook --sasl-password-file RIGHT get /bob
	! zook: get: --sasl-password-file needs --sasl-user
	= 2
	$ zook --sasl-user bob --sasl-password-file WRONG get /bob
	! zook: get: SASL login of user "bob": the server refuses the name or the password
	= 7
	$ zook --sasl-user eve --sasl-password-file WRONG ls /
	! zook: ls: SASL login of user "eve": the server refuses the name or the password
	= 7
	> whoami
	ip 127.0.0.1
	> ls / --sasl-user bob
	! zook: ls: --sasl-user is for the start of zook; connect and addauth change a session
	= 2
`)
	ours, err := server.Start(t.Context(), server.Config{SASLUsers: users, AuthSchemes: []string{"sasl"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	for name, addr := range map[string]string{"Apache": zktest.ApacheSASL(t, users).Addr, "zook": ours.Addr()} {
		t.Run(name, func(t *testing.T) {
			play(t, addr, text)
			t.Setenv(saslPassword, "geheim")
			play(t, addr, "$ zook --sasl-user ann whoami\nip 127.0.0.1\nsasl ann\n")
			play(t, addr, "$ zook --sasl-user bob --sasl-password-file "+right+" whoami\nip 127.0.0.1\nsasl bob\n")
		})
	}
}

// A shell that has logged in stays who it is when it connects again.
func TestSASLInTheShell(t *testing.T) {
	s, err := server.Start(t.Context(), server.Config{SASLUsers: map[string]string{"bob": "secret"}, AuthSchemes: []string{"sasl"}, EnforceAuth: []string{"sasl"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	play(t, s.Addr(), `
	$ zook ls /
	! zook: ls /: session closed: the server requires SASL authentication: --sasl-user logs in
	= 7
`)
	term := newTerminal(s.Addr())
	defer term.Close()
	term.Connect.SASL = SASL{User: "bob", Password: "secret"}
	for _, line := range []string{"whoami", "connect", "whoami"} {
		term.finish(RunLine(t.Context(), &term.Env, line))
	}
	if got := mask(term.take()); strings.Count(got, "ip 127.0.0.1\nsasl bob\n") != 2 {
		t.Errorf("%s", got)
	}
}

func TestSASLOfContexts(t *testing.T) {
	s, err := server.Start(t.Context(), server.Config{SASLUsers: map[string]string{"bob": "secret"}, AuthSchemes: []string{"sasl"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	config := filepath.Join(t.TempDir(), "config.json")
	t.Setenv("ZOOK_CONFIG", config)
	password := passwordFile(t, "secret\r\n")
	for sasl, want := range map[string]string{
		`{"user": "bob", "password": "secret"}`:                   "sasl bob\n",
		`{"user": "bob", "passwordFile": "` + password + `"}`:     "sasl bob\n",
		`{"user": "bob", "password": "guess"}`:                    "the server refuses the name or the password\n= 7\n",
		`{"user": "bob"}`:                                         "is wanted in a file, --sasl-password-file, or in ZOOK_SASL_PASSWORD\n= 2\n",
		`{"user": "bob", "passwordFile": "/nowhere/of/anything"}`: "! zook: whoami: --sasl-password-file: open /nowhere/of/anything: no such file or directory\n= 2\n",
		`{"password": "secret"}`:                                  "needs --sasl-user\n= 2\n",
	} {
		text := `{"current": "x", "contexts": {"x": {"server": "` + s.Addr() + `", "sasl": ` + sasl + `}}}`
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := zook(t.Context(), "", "", "whoami"); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", sasl, got)
		}
		if got := zook(t.Context(), s.Addr(), "", "whoami"); got != "ip 127.0.0.1\n" {
			t.Errorf("%s: the login of a context goes to a server of --server: %s", sasl, got)
		}
	}
}

func TestPasswordFiles(t *testing.T) {
	for text, want := range map[string]string{"": "", "\n": "", "pass": "pass", "pass\n": "pass", "pass\r\n": "pass", " p w \n": " p w ",
		"\n\n": "error", "a\nb": "error", strings.Repeat("x", 4097): "error"} {
		got, err := readPassword(passwordFile(t, text))
		if want == "error" {
			if ExitCode(err) != ExitUsage {
				t.Errorf("%.20q: %q, %v", text, got, err)
			}
		} else if err != nil || got != want {
			t.Errorf("%.20q: %q, %v", text, got, err)
		}
	}
	if _, err := readPassword(t.TempDir()); ExitCode(err) != ExitUsage {
		t.Errorf("a directory: %v", err)
	}
}
