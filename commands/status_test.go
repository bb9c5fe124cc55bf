package commands

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/internal/zktest"
)

// jsonOf runs a command with -o json and returns what it printed and its exit code.
func jsonOf[T any](t *testing.T, server string, words ...string) (v T, code string) {
	t.Helper()
	out := zook(t.Context(), server, "", append(words, "-o", "json", "--timeout", "2s")...)
	text, code, _ := strings.Cut(out, "= ")
	text, _, _ = strings.Cut(text, "\n! ")
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %v\n%s", words, err, out)
	}
	return v, strings.TrimSpace(code)
}

// statusSeen is what a program reads of status.
type statusSeen struct {
	Quorum              bool
	Leader              string
	Voters, Up, MayFail int
	Servers             []struct {
		Server, Role, Version, Error     string
		ID, Watches, OpenFiles, UptimeMs *int64
	}
	Findings []finding
}

func roles(st statusSeen) (list []string) {
	for _, s := range st.Servers {
		list = append(list, s.Role)
	}
	slices.Sort(list)
	return list
}

// eventually tries until what it asks for is so: servers take their time to notice
// each other's end.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// An ensemble from all well to no quorum. Only one server is named: the others are
// found in the configuration.
func TestStatusOfAnEnsemble(t *testing.T) {
	members := zktest.Ensemble(t, 3)
	leader := members.Leader()
	one := members[(leader+1)%3].Addr

	st, code := jsonOf[statusSeen](t, one, "status")
	if code != "" || !st.Quorum || st.Leader != members[leader].Addr || st.Voters != 3 || st.Up != 3 || st.MayFail != 1 ||
		!slices.Equal(roles(st), []string{"follower", "follower", "leader"}) || len(st.Findings) != 0 {
		t.Fatalf("all well: exit %s, %+v", code, st)
	}
	for _, s := range st.Servers {
		if s.ID == nil || s.Watches == nil || s.OpenFiles == nil || s.UptimeMs == nil || s.Version != "3.8.0" {
			t.Errorf("not all is known: %+v", s)
		}
	}
	plan, _ := jsonOf[restartPlan](t, one, "rolling-restart-plan")
	if len(plan.Steps) != 3 || plan.Steps[2].Server != members[leader].Addr {
		t.Errorf("plan %+v, the leader is %s", plan, members[leader].Addr)
	}
	q, _ := jsonOf[whatIf](t, one, "quorum")
	for _, s := range q.Servers {
		if !s.Quorum || s.MayFail != 0 {
			t.Errorf("one stops: %+v", s)
		}
	}

	stopped := members[(leader+2)%3]
	stopped.Suspend()
	st, code = jsonOf[statusSeen](t, one, "status")
	if code != "" || !st.Quorum || !slices.Equal(roles(st), []string{"down", "follower", "leader"}) {
		t.Errorf("one hangs: exit %s, %+v", code, st)
	}
	for _, s := range st.Servers {
		if s.Role == "down" && (s.Server != stopped.Addr || s.Error != "no answer in time") {
			t.Errorf("the one that hangs: %+v", s)
		}
	}
	if out := zook(t.Context(), one, "", "rolling-restart-plan", "--timeout", "2s"); !strings.Contains(out, stopped.Addr+": no answer in time: bring it back first") {
		t.Errorf("plan while one hangs: %s", out)
	}
	q, _ = jsonOf[whatIf](t, one, "quorum")
	if q.MayFail != 0 || slices.ContainsFunc(q.Servers, func(s stopping) bool { return s.Role == "leader" && s.Quorum }) {
		t.Errorf("quorum while one hangs: %+v", q)
	}
	stopped.Resume()

	members[leader].Kill()
	eventually(t, "there is no new leader", func() bool {
		st, _ := jsonOf[statusSeen](t, one, "status")
		return st.Quorum && st.Leader != "" && st.Leader != members[leader].Addr && st.Up == 2 && st.MayFail == 0
	})

	stopped.Kill()
	eventually(t, "the loss of the quorum is not told", func() bool {
		st, code := jsonOf[statusSeen](t, members.Addrs(), "status")
		return code == "1" && !st.Quorum && slices.Equal(roles(st), []string{"down", "down", "not serving"})
	})
	members[(leader+1)%3].Kill()
	if _, code := jsonOf[statusSeen](t, members.Addrs(), "status"); code != "8" {
		t.Errorf("all dead: exit %s", code)
	}
}

// Servers that say nothing, or are none, are rows; the rest is shown.
func TestStatusAmongStrangers(t *testing.T) {
	standalone := zktest.Apache(t, "").Addr
	dead := fmt.Sprintf("127.0.0.1:%d", zktest.FreePort(t))
	st, code := jsonOf[statusSeen](t, strings.Join([]string{standalone, dead, "no-such-host.invalid:2181"}, ","), "status")
	if code != "" || len(st.Servers) != 3 || st.Servers[0].Role != "standalone" {
		t.Fatalf("exit %s, %+v", code, st)
	}
	if e := st.Servers[1].Error; e != "connection refused" {
		t.Errorf("the dead one: %q", e)
	}
	if st.Servers[2].Role != "down" || st.Servers[2].Error == "" {
		t.Errorf("a name that does not resolve: %+v", st.Servers[2])
	}
	for _, width := range []int{80, 120, 200} {
		term := newTerminal(standalone)
		term.Terminal, term.Width = true, func() int { return width }
		term.finish(Run(t.Context(), &term.Env, []string{"status"}))
		for line := range strings.Lines(term.take()) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > width {
				t.Errorf("%d columns on a terminal of %d: %s", n, width, line)
			}
		}
		term.Close()
	}
	onServers(t, func(t *testing.T, server string) {
		out := zook(t.Context(), server, "", "status")
		if !strings.Contains(out, "standalone\t") || strings.Contains(out, "= ") {
			t.Error(out)
		}
	})
}
