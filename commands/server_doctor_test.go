package commands

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
	"zook/server"
	"zook/snapshot"
	"zook/txnlog"
)

// doctorOf writes a zoo.cfg of the lines into dir and returns what doctor says of it,
// without what is of this machine and not of the test. DIR is dir.
func doctorOf(t *testing.T, dir string, lines string, words ...string) string {
	t.Helper()
	file := filepath.Join(dir, "zoo.cfg")
	if !strings.Contains(lines, "admin.") {
		lines += "\nadmin.enableServer=false" // its port is one for all
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(lines, "DIR", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	got := zook(t.Context(), "", "", append([]string{"server", "doctor", file}, words...)...)
	got = strings.ReplaceAll(got, dir, "DIR")
	return regexp.MustCompile(`(?m)^.*(which is not allowed, and there is no AdminServer|note: clock|note: hostname|open files|which many systems empty|in memory \(tmpfs\)|of a container|nearly full).*\n`).ReplaceAllString(got, "")
}

const fine = "dataDir=DIR/data\nclientPort=0\nclientPortAddress=127.0.0.1\n"

func TestDoctorFindsNothing(t *testing.T) {
	dir := filepath.Dir(writeHistory(t, 50, 0, 33))
	if got := doctorOf(t, dir, fine); got != "" {
		t.Errorf("got\n%s", got)
	}
	if got := doctorOf(t, dir, fine, "-o", "json"); strings.Contains(got, "error") {
		t.Errorf("as JSON:\n%s", got)
	}
}

func TestDoctor(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	in := func(dir, file string) string { return filepath.Join(dir, "data", "version-2", file) }
	for _, c := range []struct {
		name string
		harm func(dir string)
		cfg  string
		says []string // all of it
		code int
	}{
		// zoo.cfg
		{"an unknown key", nil, fine + "nonsense=1", []string{"warning: DIR/zoo.cfg:4: nonsense has no meaning here"}, 0},
		{"a wrong value", nil, fine + "tickTime=2s", []string{`error: DIR/zoo.cfg:4: tickTime: "2s" is not a number`}, 1},
		{"no dataDir", nil, "clientPort=0", []string{"error: DIR/zoo.cfg: dataDir is not set"}, 1},
		{"no sync", nil, fine + "forceSync=no", []string{"warning: DIR/zoo.cfg:4: forceSync: a crash of the machine loses writes"}, 0},
		{"no ACLs", nil, fine + "skipACL=yes", []string{"warning: DIR/zoo.cfg:4: skipACL: every client may do everything"}, 0},
		{"what an upgrade needs", nil, fine + "snapshot.trust.empty=true", []string{"warning: DIR/zoo.cfg:4: snapshot.trust.empty: "}, 0},
		{"no digest", nil, fine + "digest.enabled=false", []string{"warning: DIR/zoo.cfg:4: digest.enabled: "}, 0},
		{"scripts that are not run", func(dir string) {
			os.WriteFile(filepath.Join(dir, "java.env"), []byte(`SERVER_JVMFLAGS="-Dzookeeper.snapCount=5"`), 0o600)
		}, fine, []string{"warning: DIR/java.env: zkServer.sh runs this script, and zook does not; "}, 0},

		// ensembles
		{"an ensemble", func(dir string) { os.WriteFile(dir+"/data/myid", []byte("1\n"), 0o600) },
			fine + "initLimit=5\nserver.1=127.0.0.1:2888:3888\nserver.2=127.0.0.1:2889:3889", []string{
				"error: DIR/zoo.cfg:6: an ensemble of 2 servers is not served yet",
				"error: DIR/zoo.cfg: syncLimit is not set, and an ensemble needs it; set syncLimit=10",
				"note: DIR/zoo.cfg: 2 servers vote: no more of them may fail than of 1; use an odd number"}, 1},
		{"no myid", nil, fine + "initLimit=5\nsyncLimit=5\nserver.1=127.0.0.1:1:2\nserver.2=127.0.0.1:3:4\nserver.3=127.0.0.1:5:6", []string{
			"error: DIR/zoo.cfg:8: an ensemble of 3", "error: DIR/data/myid: it is missing, and says which server.N this is"}, 1},
		{"another myid", func(dir string) { os.WriteFile(dir+"/data/myid", []byte("3"), 0o600) }, fine + "server.1=127.0.0.1:1:2",
			[]string{"error: DIR/data/myid: it says 3, and there is no server.3; "}, 1},
		{"no myid in myid", func(dir string) { os.WriteFile(dir+"/data/myid", []byte("one\n"), 0o600) }, fine + "server.1=127.0.0.1:1:2",
			[]string{`error: DIR/data/myid: "one" is not the number of a server`}, 1},
		{"a name that nobody knows", nil, fine + "server.1=nobody.invalid:1:2",
			[]string{"error: DIR/zoo.cfg:4: server.1: nobody.invalid cannot be resolved"}, 1},
		{"the address of another machine", func(dir string) { os.WriteFile(dir+"/data/myid", []byte("1"), 0o600) }, fine + "server.1=192.0.2.1:1:2",
			[]string{"error: DIR/zoo.cfg:4: myid says that server.1 is this server, and its address is of another machine"}, 1},
		{"an id twice", nil, fine + "server.1=127.0.0.1:1:2\nserver.1=127.0.0.1:1:3",
			[]string{"warning: DIR/zoo.cfg:5: server.1 is set at DIR/zoo.cfg:4 too; this one counts"}, 0},
		{"a port twice", nil, fine + "initLimit=1\nsyncLimit=1\nserver.1=127.0.0.1:1:2\nserver.2=127.0.0.1:3:2\nserver.3=127.0.0.1:5:6", []string{
			"not served yet", "myid: it is missing", "error: DIR/zoo.cfg:7: server.2 and server.1 both have 127.0.0.1:2"}, 1},

		// ports
		{"a port that is taken", nil, "dataDir=DIR/data\nclientPortAddress=127.0.0.1\nclientPort=" + port,
			[]string{"error: clientPort 127.0.0.1:" + port + ": the port is taken, by "}, 1},
		{"another's address", nil, "dataDir=DIR/data\nclientPort=0\nclientPortAddress=192.0.2.1", []string{"error: clientPort 192.0.2.1:0: the address is not of this machine"}, 1},
		{"nobody's name", nil, "dataDir=DIR/data\nclientPort=0\nclientPortAddress=nobody.invalid", []string{"error: clientPort nobody.invalid:0: the name cannot be resolved"}, 1},
		{"one port for two", nil, "dataDir=DIR/data\nclientPort=28765\nadmin.enableServer=true\nadmin.serverPort=28765",
			[]string{"warning: DIR/zoo.cfg: admin.serverPort and clientPort are both 28765"}, 0},
		{"one port for two servers of words", nil, "dataDir=DIR/data\nclientPort=28766\nadmin.enableServer=false\nmetricsProvider.className=PrometheusMetricsProvider\nmetricsProvider.httpPort=28766",
			[]string{"error: DIR/zoo.cfg: clientPort and metricsProvider.httpPort are both 28766"}, 1},

		// directories
		{"no directory yet", nil, strings.ReplaceAll(fine, "data\n", "new\n"), []string{"note: DIR/new: it is missing; the server makes it"}, 0},
		{"no directory, and orders not to make it", nil, strings.ReplaceAll(fine, "data\n", "new\n") + "datadir.autocreate=false",
			[]string{"error: DIR/new: it is missing, and datadir.autocreate is false; make it with zook server init"}, 1},
		{"a file", nil, strings.ReplaceAll(fine, "data\n", "zoo.cfg\n"), []string{"error: DIR/zoo.cfg: it is no directory"}, 1},
		{"directories that were swapped", func(dir string) { os.MkdirAll(dir+"/log/version-2", 0o700) }, fine + "dataLogDir=DIR/log", []string{
			"error: DIR/zoo.cfg: DIR/data/version-2/log.1: a log where dataDir has its snapshots",
			"note: DIR/log: dataLogDir is on the same device as dataDir"}, 1},
		{"a relative directory", nil, "dataDir=nowhere/data\nclientPort=0", []string{
			"warning: DIR/zoo.cfg:1: dataDir=nowhere/data depends on where the server is started", "note: nowhere/data: it is missing"}, 0},

		// files
		{"a newest snapshot that is damaged", func(dir string) { damageAt(t, in(dir, "snapshot.21"), -20) }, fine,
			[]string{"warning: DIR/data/version-2/snapshot.21: the newest snapshot is damaged, and one before it is taken: "}, 0},
		{"an old snapshot that is damaged", func(dir string) { damageAt(t, in(dir, "snapshot.0"), -20) }, fine,
			[]string{"note: DIR/data/version-2/snapshot.0: it is damaged: "}, 0},
		{"a log that is needed", func(dir string) { damageAt(t, in(dir, "log.29"), 700) }, fine, []string{
			"error: DIR/data/version-2: a server does not start: ", "warning: DIR/data/version-2/log.29: it is damaged behind 0x2"}, 9},
		{"a log that is gone", func(dir string) { os.Remove(in(dir, "log.15")) }, fine,
			[]string{"note: DIR/data: the transactions 0x15 to 0x1e are in no log; a start does not need them"}, 0},
		{"no snapshot", func(dir string) { os.Remove(in(dir, "snapshot.0")); os.Remove(in(dir, "snapshot.21")) }, fine,
			[]string{"error: DIR/data/version-2: there are logs and no snapshot"}, 1},
		{"a snapshot without its log", func(dir string) { fuzzySnapshot(t, dir+"/data") }, fine, []string{
			"error: DIR/data/version-2/snapshot.40: it was written while the tree changed, up to 0x50, and no log has that",
			"error: DIR/data/version-2: DIR/data/version-2/snapshot.40 was written while the tree changed"}, 1},
		{"a file of the future", func(dir string) {
			os.Chtimes(in(dir, "snapshot.21"), time.Now(), time.Now().Add(48*time.Hour))
		}, fine, []string{"warning: DIR/data/version-2/snapshot.21: the file is from the future"}, 0},
		{"a clock that is behind", func(dir string) { futureLog(t, dir+"/data") }, fine,
			[]string{"error: DIR/data/version-2/log.33: its last transaction is 1h0m"}, 1},
		{"a frame too small for what is there", nil, fine + "jute.maxbuffer=1024", nil, 0},
		{"a large znode", func(dir string) { snapshotOfLarge(t, dir+"/data") }, fine + "jute.maxbuffer=4096",
			[]string{"warning: DIR/zoo.cfg: jute.maxbuffer is 4096, and /large with its data has 5006 bytes"}, 0},
		{"a counter near its end", func(dir string) { newZxid(t, dir+"/data", 0xfffffff0) }, fine,
			[]string{"warning: DIR/data: the counter of the last zxid, 0xfffffff0, is near its end"}, 0},
		{"an epoch of the past", func(dir string) {
			newZxid(t, dir+"/data", 5<<32)
			os.WriteFile(in(dir, "currentEpoch"), []byte("4"), 0o600)
			os.WriteFile(in(dir, "acceptedEpoch"), []byte("x"), 0o600)
		}, fine, []string{
			"warning: DIR/data/version-2/currentEpoch: it says epoch 4, and the last zxid is of epoch 5",
			`warning: DIR/data/version-2/acceptedEpoch: "x" is no epoch`}, 0},
		{"more snapshots than anybody wants", func(dir string) {
			for i := range 21 {
				newZxid(t, dir+"/data", int64(0x100+i))
			}
		}, fine, []string{"warning: DIR/data: nobody removes old files: 23 snapshots"}, 0},
		{"more snapshots, and a purge", func(dir string) {
			for i := range 21 {
				newZxid(t, dir+"/data", int64(0x100+i))
			}
		}, fine + "autopurge.purgeInterval=1", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Dir(writeHistory(t, 50, 0, 33))
			if c.harm != nil {
				c.harm(dir)
			}
			said := doctorOf(t, dir, c.cfg)
			got, code, _ := strings.Cut(said, "= ")
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			if got == "" {
				lines = nil
			}
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			if len(lines) != len(c.says) {
				t.Errorf("%d lines, want %d:\n%s", len(lines), len(c.says), got)
			}
			if want := map[int]string{0: "", 1: "1\n", 9: "9\n"}[c.code]; code != want {
				t.Errorf("exit code %q, want %q", code, want)
			}
		})
	}
}

func damageAt(t *testing.T, file string, offset int) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[(offset+len(b))%len(b)] ^= 0x20
	os.WriteFile(file, b, 0o644)
}

// newZxid adds a snapshot of another zxid.
func newZxid(t *testing.T, dir string, zxid int64) {
	t.Helper()
	writeTree(t, dir, zxid, zxid, nil)
}

// writeTree adds a snapshot of zxid that may hold what happened up to last, with a znode.
func writeTree(t *testing.T, dir string, zxid, last int64, large []byte) {
	t.Helper()
	stat := jute.StatPersisted{Czxid: 1, Mzxid: 1, Pzxid: 1}
	_, err := snapshot.Create(datadir.Open(dir, "").SnapDir, zxid, snapshot.Options{}, func(w *snapshot.Writer) error {
		w.Sessions(0, maps.All(map[int64]int32{}))
		w.ACLs(1, func(yield func(int64, []jute.ACL) bool) { yield(1, jute.OpenACL()) })
		for _, path := range []string{"", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"} {
			w.Node(path, nil, 1, stat)
		}
		digest := uint64(0)
		if large != nil {
			w.Node("/large", large, 1, stat)
		}
		w.Digest(snapshot.Digest{Zxid: 0, Version: datatree.DigestVersion, Digest: int64(digest)})
		return w.LastZxid(last)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fuzzySnapshot(t *testing.T, dir string)   { writeTree(t, dir, 0x40, 0x50, nil) }
func snapshotOfLarge(t *testing.T, dir string) { writeTree(t, dir, 0x40, 0x40, make([]byte, 5000)) }

// futureLog adds a log whose transaction is of an hour from now.
func futureLog(t *testing.T, dir string) {
	t.Helper()
	w, err := txnlog.Create(datadir.Open(dir, "").LogDir, 0x33, txnlog.Options{Prealloc: -1})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Append(&jute.Txn{Header: jute.TxnHeader{Zxid: 0x33, Time: time.Now().Add(time.Hour + 10*time.Second).UnixMilli(), Type: jute.OpError},
		Body: &jute.ErrorTxn{Err: jute.ErrNoNode}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDoctorOfCertificates(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(writeHistory(t, 5, 0))
	day := 24 * time.Hour
	cfg := "dataDir=DIR/data\nsecureClientPort=0\nssl.keyStore.location=DIR/key.pem\nssl.trustStore.location=DIR/ca.pem\n"
	writeCertificate(t, dir+"/ca.pem", -day, 300*day)
	for _, c := range []struct {
		name     string
		from, to time.Duration
		mode     os.FileMode
		says     string
		code     string
	}{
		{"a fine one", -day, 300 * day, 0o600, "", ""},
		{"one that has ended", -9 * day, -day, 0o600, "error: DIR/key.pem: the certificate of CN=doctor has expired, at ", "= 1\n"},
		{"one that ends soon", -9 * day, 9 * day, 0o600, "warning: DIR/key.pem: the certificate of CN=doctor expires at ", ""},
		{"one of the future", day, 300 * day, 0o600, "error: DIR/key.pem: the certificate of CN=doctor is valid from ", "= 1\n"},
		{"one for every eye", -day, 300 * day, 0o644, "warning: DIR/key.pem: every user of this machine may read this key; chmod o-r DIR/key.pem\n", ""},
	} {
		writeCertificate(t, dir+"/key.pem", c.from, c.to)
		os.Chmod(dir+"/key.pem", c.mode)
		got := doctorOf(t, dir, cfg)
		if !strings.HasPrefix(got, c.says) || !strings.HasSuffix(got, c.code) || c.says == "" && got != "" {
			t.Errorf("%s:\n%s", c.name, got)
		}
	}
	writeCertificate(t, dir+"/ca.pem", -9*day, -day)
	if got := doctorOf(t, dir, cfg); !strings.Contains(got, "warning: DIR/ca.pem: the certificate of CN=doctor has expired") {
		t.Errorf("a trusted one that has ended:\n%s", got)
	}
	os.Remove(dir + "/key.pem")
	if got := doctorOf(t, dir, cfg); !strings.Contains(got, "error: DIR/key.pem: ssl.keyStore.location: no such file or directory") {
		t.Errorf("none:\n%s", got)
	}
	if got := doctorOf(t, dir, "dataDir=DIR/data\nsecureClientPort=0\n"); !strings.Contains(got, "error: DIR/zoo.cfg: ssl.keyStore.location: it is not set") {
		t.Errorf("not set:\n%s", got)
	}
}

// writeCertificate makes a key and a certificate for it.
func writeCertificate(t *testing.T, file string, from, to time.Duration) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "doctor"}, NotBefore: now.Add(from), NotAfter: now.Add(to)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A secret is worth a word where everybody may read it.
func TestDoctorOfSecrets(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(writeHistory(t, 5, 0))
	file := dir + "/zoo.cfg"
	os.WriteFile(file, []byte("dataDir="+dir+"/data\nclientPort=0\nDigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=\n"), 0o644)
	got := zook(t.Context(), "", "", "server", "doctor", file)
	if want := file + ":3: DigestAuthenticationProvider.superDigest is a secret, and every user"; !strings.Contains(got, want) || strings.Contains(got, "InIHS") {
		t.Errorf("got\n%s", got)
	}
	got = zook(t.Context(), "", "", "server", "print-config", file)
	if !strings.Contains(got, "DigestAuthenticationProvider.superDigest=***\t# "+file+":3\n") || strings.Contains(got, "InIHS") {
		t.Errorf("print-config:\n%s", got)
	}
}

// What the other commands ask of a server is worth a note if it will not answer.
func TestDoctorOfWords(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]bool{
		"admin.enableServer=false\n":                                 true,
		"admin.enableServer=false\n4lw.commands.whitelist=stat,mntr": false,
		"admin.enableServer=false\n4lw.commands.whitelist=*":         false,
		"admin.enableServer=true":                                    false,
	} {
		got := zook(t.Context(), "", "", "server", "doctor", writeConfig(t, "dataDir="+t.TempDir(), "clientPort=0", lines))
		if strings.Contains(got, "zook check, top and exporter ask for mntr") != want {
			t.Errorf("%q:\n%s", lines, got)
		}
	}
}

func TestDoctorWhileAServerRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := server.Start(context.Background(), server.Config{DataDir: dir + "/data"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Addr())
	got := doctorOf(t, dir, "dataDir=DIR/data\nclientPortAddress=127.0.0.1\nclientPort="+port)
	if got != "note: DIR/data/version-2: a server runs on this directory\n" {
		t.Errorf("got\n%s", got)
	}
}

func TestDoctorOfDisks(t *testing.T) {
	const gb = 1 << 30
	for _, c := range []struct {
		total, free, needs int64
		want               gravity
	}{
		{100 * gb, 50 * gb, gb, ""},
		{1000 * gb, 50 * gb, gb, ""},
		{100 * gb, 9 * gb, gb, isWarning},
		{100 * gb, 9 * gb, 10 * gb, isError},
		{gb, 0, 1, isError},
	} {
		got := gravity("")
		if x := diskAilment("/d", c.total, c.free, c.needs); x != nil {
			got = x.Severity
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestDoctorOfClocks(t *testing.T) {
	d := &doctor{now: time.Date(1970, 1, 1, 0, 3, 0, 0, time.UTC)}
	d.examineClock()
	if !d.has(isError) || d.found[0].About != "clock" {
		t.Errorf("found %+v", d.found)
	}
}

func TestDoctorOfLimits(t *testing.T) {
	d := &doctor{}
	d.cfg.MaxConns = 1 << 30
	if _, err := openFiles(); err != nil {
		t.Skip(err)
	}
	d.examineLimits()
	if len(d.found) != 1 || !strings.Contains(d.found[0].Problem, "maxCnxns is 1073741824") {
		t.Errorf("found %+v", d.found)
	}
}

func TestDoctorJSON(t *testing.T) {
	dir := t.TempDir()
	said := doctorOf(t, dir, "dataDir=DIR/data\nclientPort=0\ntickTime=x\n", "-o", "json")
	var found []map[string]string
	if err := json.Unmarshal([]byte(strings.TrimSuffix(said, "= 1\n")), &found); err != nil {
		t.Fatalf("%v in\n%s", err, said)
	}
	if f := found[0]; f["severity"] != "error" || f["about"] != "DIR/zoo.cfg:3" || !strings.HasPrefix(f["problem"], "tickTime: ") {
		t.Errorf("found %v", found)
	}
	if got := zook(t.Context(), "", "", "server", "doctor", dir+"/none.cfg"); got != fmt.Sprintf("! zook: server doctor: %s/none.cfg: no such file or directory\n= 1\n", dir) {
		t.Errorf("no file: %q", got)
	}
}
