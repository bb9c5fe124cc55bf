package shell

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/c-bata/go-prompt"
)

// typed is a terminal on which all is typed at once.
type typed struct{ chunks []string }

func (*typed) Setup() error    { return nil }
func (*typed) TearDown() error { return nil }
func (*typed) Wait()           {}
func (*typed) Wake()           {}
func (t *typed) Read() ([]byte, error) {
	if len(t.chunks) == 0 {
		return nil, errNothing
	}
	b := []byte(t.chunks[0])
	t.chunks = t.chunks[1:]
	return b, nil
}
func (t *typed) ReadLine(context.Context, []byte) (int, error) { return 0, io.EOF }

func noKeys(string) action { return nil }

// read reads keys until there are none, n times in vain.
func read(k *keys, n int) (got []string) {
	for n > 0 {
		b, err := k.Read()
		if err != nil {
			n--
			continue
		}
		got = append(got, string(b))
	}
	return got
}

func TestKeysOneByOne(t *testing.T) {
	for _, c := range []struct {
		chunks []string
		want   []string
	}{
		{[]string{"ls /a"}, []string{"ls /a"}},
		{[]string{"a\x01b\x7f"}, []string{"a", "\x01", "b", "\x7f"}},
		{[]string{"x\x1b[Ay"}, []string{"x", "\x1b[A", "y"}},
		{[]string{"x\x1b", "[", "Ay"}, []string{"x", "\x1b[A", "y"}},
		{[]string{"\x1b[1;9Qx\x1bkx\x1b[<0;1;1Mx"}, []string{"x", "x", "x"}}, // keys that mean nothing
		{[]string{"\xe6\x97", "\xa5"}, []string{"日"}},
		{[]string{"\x1b\x1b[B"}, []string{"\x1b", "\x1b[B"}},
		{[]string{"ls\rget"}, []string{"ls", "\r"}}, // what follows Enter waits
	} {
		k := &keys{tty: &typed{c.chunks}, bind: noKeys}
		if got := read(k, 5); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.chunks, got, c.want)
		}
	}
}

func TestLoneEscape(t *testing.T) {
	k := &keys{tty: &typed{[]string{"\x1b"}}, bind: noKeys}
	if got := read(k, 2); got != nil {
		t.Errorf("got %q at once", got)
	}
	k.since = time.Now().Add(-time.Second)
	if got := read(k, 1); !slices.Equal(got, []string{"\x1b"}) {
		t.Errorf("got %q", got)
	}
}

func TestActionsKeepTheirPlace(t *testing.T) {
	var log []string
	k := &keys{tty: &typed{[]string{"a\x12b"}}}
	k.bind = func(key string) action {
		if key == "\x12" {
			return func(*prompt.Buffer) { log = append(log, "search") }
		}
		return nil
	}
	if got := read(k, 3); !slices.Equal(got, []string{"a", actionKey}) {
		t.Fatalf("got %q: b must wait for the action", got)
	}
	k.do(nil)
	if got := read(k, 3); !slices.Equal(got, []string{"b"}) || !slices.Equal(log, []string{"search"}) {
		t.Errorf("got %q, actions %q", got, log)
	}
}

func TestTypeAheadIsInputForCommands(t *testing.T) {
	k := &keys{tty: &typed{[]string{"set /a -\rone\rtwo\x04ls\r"}}, bind: noKeys}
	read(k, 1)
	var got []string
	for {
		p := make([]byte, 100)
		n, err := k.readLine(context.Background(), p)
		if err != nil {
			break
		}
		got = append(got, string(p[:n]))
	}
	if want := []string{"one\n", "two"}; !slices.Equal(got, want) {
		t.Errorf("the command reads %q, want %q", got, want)
	}
	k.Setup()
	if got := read(k, 1); !slices.Equal(got, []string{"ls", "\r"}) {
		t.Errorf("then the shell reads %q", got)
	}
}

func TestCtrlCTypedAhead(t *testing.T) {
	k := &keys{tty: &typed{[]string{"rmr /\rnonsense\x03ls\r"}}, bind: noKeys}
	read(k, 1)
	if !k.interrupted() || k.interrupted() {
		t.Error("Ctrl-C counts once")
	}
	k.Setup()
	if got := read(k, 1); !slices.Equal(got, []string{"ls", "\r"}) {
		t.Errorf("then the shell reads %q", got)
	}
}

// The terminal may make a signal of Ctrl-C before the command has begun, which it ends.
func TestCtrlCBeforeTheCommand(t *testing.T) {
	k := &keys{tty: &typed{[]string{"rmr /\r"}}, bind: noKeys}
	read(k, 1)
	k.inject(ctrlC)
	if !k.interrupted() || k.interrupted() {
		t.Error("Ctrl-C counts once")
	}
}

// Whatever a terminal sends, go-prompt gets text without control characters, or
// a key it knows, and nothing of the text is lost.
func FuzzKeys(f *testing.F) {
	for _, s := range []string{"ls /a\r", "\x1b[A\x1b[1;5C\x1bOA\x1b", "\x1b[200~x\x1b[201~", "日\xe6\x97", "\x1b\x1b\x1b", "\x1b[\x01"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		cut = min(max(cut, 0), len(b))
		k := &keys{tty: &typed{[]string{string(b[:cut]), string(b[cut:])}}, bind: noKeys}
		var text bytes.Buffer
		for range 2*len(b) + 4 {
			k.since = time.Time{}
			k.entered = false
			key, err := k.Read()
			if err != nil {
				continue
			}
			if prompt.GetKey(key) == prompt.NotDefined {
				if bytes.ContainsFunc(key, func(r rune) bool { return r < ' ' }) {
					t.Fatalf("%q is passed as text", key)
				}
				text.Write(key)
			}
		}
		if len(k.bytes) > 0 {
			t.Fatalf("%q is left unread", k.bytes)
		}
		if !bytes.ContainsRune(b, 0x1b) {
			want := strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return -1
				}
				return r
			}, string(b))
			if got := strings.ToValidUTF8(text.String(), "?"); got != strings.ToValidUTF8(want, "?") && !strings.ContainsRune(want, '\ufffd') {
				t.Fatalf("%q became %q", b, got)
			}
		}
	})
}
