package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"zook/jute"
)

// limit gives a znode a quota.
func limit(w *wire, path, limits string) {
	w.t.Helper()
	w.create("/zookeeper/quota"+path, "", 0)
	w.create("/zookeeper/quota"+path+"/zookeeper_limits", limits, 0)
	w.create("/zookeeper/quota"+path+"/zookeeper_stats", "", 0)
}

// A client that does not wait for its answers gets those that it would get otherwise:
// what is on its way counts. Here the disk stands still until all are prepared.
func TestQuotasOfRequestsOnTheirWay(t *testing.T) {
	s := start(t, Config{EnforceQuota: true})
	w := openSession(t, s.Addr(), 10*time.Second)
	w.create("/q", "12", 0)
	w.create("/q/there", "", 0)
	limit(w, "/q", "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=4")
	s.engine.mu.Lock()
	steps := []struct {
		op   jute.OpCode
		body jute.Record
		want jute.ErrCode
	}{
		{jute.OpCreate, reqCreate("/q/3", "3456", 0), 0},
		{jute.OpCreate, reqCreate("/q/4", "78901", 0), jute.ErrQuotaExceeded},
		{jute.OpCreate, reqCreate("/q/4", "7890", jute.Ephemeral), 0},
		{jute.OpCreate, reqCreate("/q/5", "", 0), jute.ErrQuotaExceeded},
		{jute.OpSetData, reqSet("/q", "123", -1), jute.ErrQuotaExceeded},
		{jute.OpSetData, reqSet("/q", "1", -1), 0},
		{jute.OpSetData, reqSet("/q", "12", -1), 0},
		{jute.OpDelete, reqDelete("/q/3", -1), 0},
		{jute.OpSetData, reqSet("/q/there", "3456", -1), 0},
		{jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/q/5", "", 0)), opCheck("/none", 0)), 0}, // refused, and counts nothing
		{jute.OpCreate, reqCreate("/q/6", "", 0), 0},
		{jute.OpCreate, reqCreate("/q/7", "", 0), jute.ErrQuotaExceeded},
		{jute.OpCreate, reqCreate("/beside", "far more than there may be in q", 0), 0},
	}
	for _, step := range steps {
		w.send(step.op, step.body)
	}
	eventually(t, "all are prepared", func() bool {
		s.prep.mu.Lock()
		defer s.prep.mu.Unlock()
		return s.prep.pending["/beside"] != nil
	})
	s.engine.mu.Unlock()
	for _, step := range steps {
		if f, err := w.next(); err != nil || f.Err != step.want {
			t.Errorf("%v %+v: %v, %v, want %v", step.op, step.body, f.Err, err, step.want)
		}
	}
	if got := w.get("/zookeeper/quota/q/zookeeper_stats"); got != "count=4,bytes=10" {
		t.Errorf("counted are %s", got)
	}
	w.do(jute.OpDelete, reqDelete("/q/6", -1), nil)
	w.create("/q/8", "", 0)
	if f, _ := w.call(jute.OpCreate, reqCreate("/q/9", "", 0)); f.Err != jute.ErrQuotaExceeded {
		t.Errorf("one too many: %v", f.Err)
	}
	if n := s.stats.quotaExceeded.read()["q"].sum; n != 5 {
		t.Errorf("%d refusals are counted, want 5", n)
	}
}

// A soft limit is logged, however often it is exceeded, in a few lines; without
// enforceQuota nobody looks.
func TestSoftQuotas(t *testing.T) {
	for _, enforced := range []bool{true, false} {
		var log lockedBuffer
		s := start(t, Config{EnforceQuota: enforced, Logger: textLogger(&log)})
		w := openSession(t, s.Addr(), 10*time.Second)
		w.create("/q", "", 0)
		limit(w, "/q", "count=2,bytes=-1")
		for i := range 100 {
			w.create(fmt.Sprintf("/q/%d", i), "", 0)
		}
		limitLines := strings.Count(log.String(), "quota exceeded")
		if enforced && (limitLines == 0 || limitLines > 30 || !strings.Contains(log.String(), "path=/q of=znodes used=3 limit=2 hard=false")) {
			t.Errorf("%d lines of 99 znodes too many:\n%s", limitLines, log.String())
		}
		if !enforced && limitLines > 0 {
			t.Errorf("quotas are not enforced:\n%s", log.String())
		}
	}
}

// Znodes of quotas where there can be none, and contents that are none, end Apache's
// server, or make its counts wrong.
func TestQuotasThatAreNone(t *testing.T) {
	s := start(t, Config{EnforceQuota: true})
	w := openSession(t, s.Addr(), 10*time.Second)
	for _, p := range []string{"/zookeeper/quota/zookeeper_limits", "/zookeeper/quota/zookeeper_stats", "/zookeeper/zookeeper_limits", "/zookeeper/quotas", "/zookeeper/quotas/zookeeper_limits"} {
		w.create(p, "countHardLimit=0", 0)
	}
	w.create("/x", "data", 0)
	for _, p := range []string{"/zookeeper/quota/zookeeper_limits", "/zookeeper/zookeeper_limits", "/zookeeper/quotas/zookeeper_limits"} {
		w.do(jute.OpDelete, reqDelete(p, -1), nil)
	}
	w.create("/q", "12", 0)
	limit(w, "/q", "")
	for _, stats := range []string{"", "x", "count=", "count=9999999999999999999,bytes=x", ";=;=", "\x00"} {
		w.do(jute.OpSetData, reqSet("/zookeeper/quota/q/zookeeper_stats", stats, -1), nil)
		f, _ := w.call(jute.OpCreate, reqCreate("/q/x", "1", 0))
		if want := map[bool]jute.ErrCode{true: jute.ErrOK, false: jute.ErrMarshallingError}[stats == ""]; f.Err != want {
			t.Errorf("create with counts %q: %v, want %v", stats, f.Err, want)
		}
		w.call(jute.OpDelete, reqDelete("/q/x", -1)) // which nobody checks, and counts down
	}
	w.do(jute.OpDelete, reqDelete("/zookeeper/quota/q/zookeeper_limits", -1), nil)
	w.create("/q/free", "", 0)
}
