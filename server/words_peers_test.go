package server

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
)

// Programs of others that read the words make the same of ours as of Apache's.
func TestScrapersOfOthers(t *testing.T) {
	apache := zktest.Apache(t, "").Addr
	ours := start(t, Config{TickTime: 500 * time.Millisecond, Words: []string{"*"}}).Addr()
	t.Run("zktop and kazoo", func(t *testing.T) {
		const python = "/usr/bin/python3" // Debian's, which its packages are for
		if err := exec.Command(python, "-c", "import kazoo, zktop").Run(); err != nil {
			zktest.NeedPeer(t, "no kazoo or zktop: apt-get install python3-kazoo zktop")
		}
		program := filepath.Join("testdata", "scrapers.py")
		got := output(t, exec.Command(python, program, ours))
		if !strings.HasSuffix(got, "done\n") {
			t.Errorf("it did not come to its end:\n%s", got)
		}
		sameLines(t, got, output(t, exec.Command(python, program, apache)))
	})
	t.Run("go-zookeeper", func(t *testing.T) {
		for _, addr := range []string{apache, ours} {
			openSession(t, addr, 10*time.Second).create("/z", "", 0)
			if ok := zk.FLWRuok([]string{addr}, 10*time.Second); !slices.Equal(ok, []bool{true}) {
				t.Errorf("ruok of %s: %v", addr, ok)
			}
			eventually(t, "cons of "+addr, func() bool { // Apache's server counts an answer after it has sent it
				cons, _ := zk.FLWCons([]string{addr}, 10*time.Second) // not ok: it does not expect its own connection there
				c := cons[0].Clients
				return len(c) == 1 && c[0].LastOperation == "CREA" && c[0].Timeout == 10_000 &&
					c[0].Lcxid == 1 && c[0].Received == 2 && c[0].Sent == 2
			})
		}
	})
	// The forms by which Telegraf and the exporters for Prometheus take mntr apart.
	for name, form := range map[string]string{
		"telegraf":           `^zk_(\w[\w\.\-]*)\s+([\w\.\-]+)`,
		"zookeeper-exporter": `^(zk_[a-z0-9_]+)\t(\d+(?:\.\d+)?)$`,
	} {
		t.Run(name, func(t *testing.T) {
			read := func(addr string) map[string]string {
				values := map[string]string{}
				for _, line := range strings.Split(say(t, addr, "mntr"), "\n") {
					if m := regexp.MustCompile(form).FindStringSubmatch(line); m != nil {
						values[m[1]] = m[2]
					}
				}
				return values
			}
			got := read(ours)
			for key, v := range read(apache) {
				_, wantErr := strconv.ParseInt(v, 10, 64)
				if _, err := strconv.ParseInt(got[key], 10, 64); (err == nil) != (wantErr == nil) {
					t.Errorf("%s is %q, Apache's %q: whole numbers must stay whole", key, got[key], v)
				}
			}
		})
	}
}
