package zktest

import (
	"strings"
	"testing"
)

func TestApacheServes(t *testing.T) {
	s := Apache(t, "")
	out, stderr, err := ZkCli(t, s.Addr, "ls", "/")
	if err != nil || !strings.Contains(out, "[zookeeper]") {
		t.Fatalf("zkCli ls /: %v\n%s%s", err, out, stderr)
	}
	s.Kill()
	s.Start()
	if out, err := FourLetter(s.Addr, "ruok"); err != nil || out != "imok" {
		t.Fatalf("ruok after a restart: %q %v", out, err)
	}
}
