package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"zook/jute"
	"zook/txnlog"
)

// TestRepairOnATerminal looks at what a person is asked, and that Ctrl-C leaves nothing.
func TestRepairOnATerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no pty on windows")
	}
	zook, dir := build(t), t.TempDir()
	w, err := txnlog.Create(dir, 1, txnlog.Options{Prealloc: -1})
	if err != nil {
		t.Fatal(err)
	}
	for zxid := int64(1); zxid < 4; zxid++ {
		w.Append(&jute.Txn{Header: jute.TxnHeader{ClientID: 7, Zxid: zxid, Type: jute.OpSetData},
			Body: &jute.SetDataTxn{Path: "/a", Data: []byte("some data")}})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(w.Name())
	if err != nil {
		t.Fatal(err)
	}
	for at := 60; at < len(b); at += len(b) / 3 {
		b[at] ^= 1
	}
	if err := os.WriteFile(w.Name(), b, 0o644); err != nil {
		t.Fatal(err)
	}
	fixed := w.Name() + ".fixed"
	for _, c := range []struct {
		answers, want string
		written       bool
	}{
		{"y\ny\ny\n", "fixed: written: 3 transactions, 0x1..0x3, 220 bytes\n", true},
		{"y\nno\n", "lost: all behind 0x1, 136 bytes, of which no transaction can still be read there\n", true},
		{"y\n\x03", "zook: txnlog repair: " + w.Name() + ": interrupted, nothing was written\n", false},
	} {
		answers := c.answers
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		cmd := exec.CommandContext(ctx, zook, "txnlog", "repair", w.Name())
		cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1")
		terminal, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(chan string)
		go func() {
			var out strings.Builder
			for asked, piece := 0, make([]byte, 4096); ; {
				n, err := terminal.Read(piece) // ends in an error when the other side closes
				out.Write(piece[:n])
				if now := strings.Count(out.String(), "[y/N]"); now > asked && answers != "" {
					asked = now
					answer := answers[:strings.IndexAny(answers, "\n\x03")+1]
					answers = answers[len(answer):]
					io.WriteString(terminal, answer)
				}
				if err != nil {
					seen <- strings.ReplaceAll(out.String(), "\r\n", "\n")
					return
				}
			}
		}()
		cmd.Wait()
		got := <-seen
		terminal.Close()
		cancel()
		if !strings.Contains(got, c.want) || !strings.Contains(got, " setData /a size=9 version=0 data=\"some data\"\nKeep this transaction, with one byte changed back as the checksum tells? [y/N]") {
			t.Errorf("%q\n%s", c.answers, got)
		}
		if _, err := os.Stat(fixed); (err == nil) != c.written {
			t.Errorf("%q: %v", c.answers, err)
		}
		os.Remove(fixed)
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("%v were left", left)
		}
	}
}
