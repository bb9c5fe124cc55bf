package commands

import (
	"errors"
	"testing"
)

func TestQuota(t *testing.T) {
	rootTranscript(t, `
	$ zook create -p /quota-test/a/b data
	/quota-test/a/b
	$ zook listquota /quota-test/a
	! zook: listquota /quota-test/a: there is no quota on it
	= 3
	$ zook setquota -n 5 -b 100 /quota-test/a
	$ zook listquota /quota-test/a
	/quota-test/a count=2 limit=5 hardLimit=none bytes=4 byteLimit=100 byteHardLimit=none
	$ zook listquota -o zkcli /quota-test/a
	Output quota for /quota-test/a count=5,bytes=100=;byteHardLimit=-1;countHardLimit=-1
	Output stat for /quota-test/a count=2,bytes=4
	$ zook setquota -N 1 /quota-test/a
	! zook: setquota /quota-test/a: warning: the count quota you create is less than the existing count:2
	$ zook setquota -N 1 -o zkcli /quota-test/a
	[Warning]: the count quota you create is less than the existing count:2
	$ zook listquota -o jsonl /quota-test/a
	{"path":"/quota-test/a","limits":{"count":5,"bytes":100,"countHard":1,"bytesHard":null},"used":{"count":2,"bytes":4}}
	$ zook setquota -n 5 /quota-test
	! zook: setquota /quota-test: /quota-test/a below it has a quota: only one of them can
	= 1
	$ zook setquota -n 5 /quota-test/a/b
	! zook: setquota /quota-test/a/b: /quota-test/a above it has a quota: only one of them can
	= 1
	$ zook delquota -N -b /quota-test/a
	$ zook listquota /quota-test/a
	/quota-test/a count=2 limit=5 hardLimit=none bytes=4 byteLimit=none byteHardLimit=none
	$ zook set /zookeeper/quota/quota-test/a/zookeeper_limits garbage
	$ zook listquota /quota-test/a
	! zook: listquota /zookeeper/quota/quota-test/a/zookeeper_limits: damaged: "garbage" is no quota
	= 9
	$ zook delquota -n /quota-test/a
	! zook: delquota /zookeeper/quota/quota-test/a/zookeeper_limits: damaged: "garbage" is no quota
	= 9
	$ zook delquota /quota-test/a
	$ zook ls /zookeeper/quota
	$ zook delquota -o zkcli /quota-test/a
	Quota does not exist for /quota-test/a
	! zook: delquota /quota-test/a: there is no quota on it
	= 3
	$ zook setquota -n 5 /quota-test/nope
	! zook: setquota /quota-test/nope: no such node
	= 3
	$ zook setquota -n 0 /quota-test
	! zook: setquota: a limit on znodes is more than zero, not 0
	= 2
	$ zook setquota -b -7 /quota-test
	! zook: setquota: a limit on bytes is zero or more, not -7
	= 2
	$ zook setquota /quota-test
	! zook: setquota: a limit is wanted: -n, -b, -N or -B
	= 2
	$ zook setquota -n 5 /
	! zook: setquota: / cannot have a quota
	= 2
	$ zook setquota -n 5 /zookeeper/quota/x
	! zook: setquota: /zookeeper/quota/x is where quotas are: it cannot have one
	= 2
	$ zook rmr /quota-test
`)
}

func TestQuotaInChroot(t *testing.T) {
	onServers(t, func(t *testing.T, server string) {
		got := zook(t.Context(), server+"/sub", "", "setquota", "-n", "1", "/a")
		if want := "! zook: setquota: quotas are in /zookeeper/quota, outside of the chroot "; len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("got %q", got)
		}
	})
}

func TestParseTrack(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "count=-1,bytes=-1",
		"count=2,bytes=100": "count=2,bytes=100",
		"count=2,bytes=100=;byteHardLimit=-1;countHardLimit=7": "count=2,bytes=100=;byteHardLimit=-1;countHardLimit=7",
		"bytes=5,,;count=1": "count=1,bytes=5",
	} {
		got, err := parseTrack("/q", []byte(in))
		if err != nil || got.String() != want {
			t.Errorf("%q is read as %v (%v), want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"count", "count=", "count=x", "=;=", "count=99999999999999999999", "\x00\xff"} {
		if got, err := parseTrack("/q", []byte(in)); !errors.Is(err, errDamaged) {
			t.Errorf("%q is read as %v (%v), want damaged", in, got, err)
		}
	}
}

func FuzzParseTrack(f *testing.F) {
	f.Add([]byte("count=2,bytes=100=;byteHardLimit=-1;countHardLimit=7"))
	f.Add([]byte("count=,bytes=;;=,"))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := parseTrack("/q", data)
		if err != nil {
			return
		}
		again, err := parseTrack("/q", []byte(first.String()))
		if err != nil || again.String() != first.String() {
			t.Errorf("%q is written as %q and then read as %v (%v)", data, first, again, err)
		}
	})
}
