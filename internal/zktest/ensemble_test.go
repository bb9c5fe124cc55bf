package zktest

import (
	"strings"
	"testing"
	"time"
)

func TestEnsemble(t *testing.T) {
	m := Ensemble(t, 3)
	leader, follower := m.Leader(), m.Follower()
	if leader == follower {
		t.Fatalf("%d leads and follows", leader)
	}
	m[follower].Suspend()
	if out, err := fourLetter(m[follower].Addr, "ruok", 200*time.Millisecond); err == nil {
		t.Errorf("a suspended server says %q", out)
	}
	m[follower].Resume()
	m[follower].Await()
	m[leader].Kill()
	if next := m.Leader(); next == leader {
		t.Error("a dead server leads")
	}
	m[leader].Start()
	if out, err := FourLetter(m[leader].Addr, "srvr"); err != nil || !strings.Contains(out, "Mode: follower") {
		t.Errorf("after its restart it says %q, %v", out, err)
	}
}
