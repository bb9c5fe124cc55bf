package txnlog

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain is, in a child of TestKilledWriter, a process that writes batches to a
// log and prints the last zxid of each once it is synced.
func TestMain(m *testing.M) {
	dir := os.Getenv("TXNLOG_WRITE_TO")
	if dir == "" {
		os.Exit(m.Run())
	}
	w, err := Create(dir, 1, Options{Prealloc: 1 << 20})
	for zxid := int64(1); err == nil; zxid++ {
		if err = w.Append(set(zxid, make([]byte, zxid%3000))); err == nil && zxid%7 == 0 {
			if err = w.Sync(); err == nil {
				fmt.Println(zxid)
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledWriter(t *testing.T) {
	for round := range 5 {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "TXNLOG_WRITE_TO="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		lines.Scan()
		time.AfterFunc(time.Duration(20+30*round)*time.Millisecond, func() { cmd.Process.Kill() })
		last := lines.Text()
		for lines.Scan() {
			last = lines.Text()
		}
		cmd.Wait()
		synced, err := strconv.ParseInt(strings.TrimSpace(last), 10, 64)
		if err != nil {
			t.Fatalf("the writer printed %q", last)
		}
		r, err := Open(dir + "/log.1")
		if err != nil {
			t.Fatal(err)
		}
		txns, _, err := readAll(r)
		r.Close()
		var c *CorruptError
		if err != nil && (!errors.As(err, &c) || !c.Torn) {
			t.Errorf("round %d: %v", round, err)
		}
		if int64(len(txns)) < synced {
			t.Errorf("round %d: %d transactions were synced and %d are there", round, synced, len(txns))
		}
		for i, txn := range txns {
			if txn.Header.Zxid != int64(i+1) {
				t.Fatalf("round %d: transaction %d has zxid %d", round, i, txn.Header.Zxid)
			}
		}
	}
}
