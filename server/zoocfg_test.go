package server

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/snapshot"
)

// configs are files of zoo.cfg with what they mean: a Config, or an error.
var configs = []struct {
	name, file string
	want       Config
	warnings   []string
	err        string
}{
	{name: "the least", file: "dataDir=/d", want: Config{DataDir: "/d", Addr: ":2181"}},
	{name: "Debian's", file: `# http://hadoop.apache.org/zookeeper/docs/current/zookeeperAdmin.html

tickTime=2000
initLimit=10
dataDir=/var/lib/zookeeper
clientPort=2181
#server.1=zookeeper1:2888:3888
`, want: Config{DataDir: "/var/lib/zookeeper", Addr: ":2181", TickTime: 2 * time.Second}},
	{name: "all keys", file: ` dataDir = /d
dataLogDir=/l
clientPort:2999
clientPortAddress=::1
minSessionTimeout=1000
maxSessionTimeout=5000
jute.maxbuffer=4194304
snapCount=500
preAllocSize=1024
extendedTypesEnabled=true
zookeeper.znode.container.checkIntervalMs=100
zookeeper.4lw.commands.whitelist=stat, ruok
`, want: Config{DataDir: "/d", DataLogDir: "/l", Addr: "[::1]:2999", MinSessionTimeout: time.Second, MaxSessionTimeout: 5 * time.Second,
		MaxFrame: 4 << 20, SnapCount: 500, PreAllocSize: 1 << 20, ExtendedTypes: true, ContainerCheckInterval: 100 * time.Millisecond, Words: []string{"stat", "ruok"}}},
	{name: "keys about files", file: "dataDir=/d\nsnapSizeLimitInKb=1\ntxnLogSizeLimitInKb=2\nforceSync=NO\nfsync.warningthresholdms=50\n" +
		"snapshot.compression.method=snappy\nsnapshot.trust.empty=true\ndatadir.autocreate=false\nautopurge.snapRetainCount=5\nautopurge.purgeInterval=12",
		want: Config{DataDir: "/d", Addr: ":2181", SnapSizeLimit: 1024, TxnLogSizeLimit: 2048, NoForceSync: true, FsyncWarning: 50 * time.Millisecond,
			Compression: snapshot.Snappy, TrustEmptySnapshot: true, NoAutocreate: true, PurgeRetain: 5, PurgeInterval: 12 * time.Hour}},
	{name: "keys about znodes", file: "dataDir=/d\nznode.container.maxPerMinute=50\nznode.container.maxNeverUsedIntervalMs=1000\nzookeeper.enforceQuota=true\n" +
		"reconfigEnabled=true\ndigest.enabled=false",
		want: Config{DataDir: "/d", Addr: ":2181", ContainerMaxPerMinute: 50, ContainerMaxNeverUsed: time.Second, EnforceQuota: true, Reconfig: true, NoTreeDigest: true}},
	{name: "containers that stay", file: "dataDir=/d\nznode.container.maxNeverUsedIntervalMs=0", want: Config{DataDir: "/d", Addr: ":2181", ContainerMaxNeverUsed: -1}},
	{name: "what is turned off", file: "dataDir=/d\nsnapSizeLimitInKb=-1\nautopurge.purgeInterval=0\nsnapshot.compression.method=\nautopurge.snapRetainCount=1",
		want: Config{DataDir: "/d", Addr: ":2181", SnapSizeLimit: -1, PurgeRetain: 3}, warnings: []string{"zoo.cfg:5: autopurge.snapRetainCount is 1; 3 snapshots"}},
	{name: "a unit", file: "dataDir=/d\nautopurge.purgeInterval=90m", want: Config{DataDir: "/d", Addr: ":2181", PurgeInterval: 90 * time.Minute}},
	{name: "no unit", file: "dataDir=/d\nautopurge.purgeInterval=3w", err: "zoo.cfg:2: autopurge.purgeInterval"},
	{name: "forceSync is yes or no", file: "dataDir=/d\nforceSync=false", err: `zoo.cfg:2: forceSync: "false" is neither yes nor no`},
	{name: "no compression", file: "dataDir=/d\nsnapshot.compression.method=zip", err: "zoo.cfg:2: snapshot.compression.method"},
	{name: "no preallocation", file: "dataDir=/d\npreAllocSize=0", want: Config{DataDir: "/d", Addr: ":2181", PreAllocSize: -1}},
	{name: "any port", file: "dataDir=/d\nclientPort=0\nclientPortAddress=127.0.0.1", want: Config{DataDir: "/d", Addr: "127.0.0.1:0"}},
	{name: "the last one counts", file: "dataDir=/a\ndataDir=/b", want: Config{DataDir: "/b", Addr: ":2181"},
		warnings: []string{"zoo.cfg:2: dataDir is set at zoo.cfg:1 too; this one counts"}},
	{name: "comments and Windows' ends of lines", file: "! one\r\n# two\r\ndataDir=/d\r\n", want: Config{DataDir: "/d", Addr: ":2181"}},
	{name: "booleans as Java writes them", file: "dataDir=/d\nextendedTypesEnabled=TRUE", want: Config{DataDir: "/d", Addr: ":2181", ExtendedTypes: true}},
	{name: "nothing", file: "", err: "zoo.cfg: dataDir is not set"},
	{name: "empty dataDir", file: "dataDir=", err: "zoo.cfg:1: dataDir: it is empty"},
	{name: "unknown keys", file: "dataDir=/d\nnonsense\nTICKTIME=5\nn\\u001b[2J=x\n", want: Config{DataDir: "/d", Addr: ":2181"}, warnings: []string{
		"zoo.cfg:2: nonsense has no meaning here", "zoo.cfg:3: TICKTIME has no meaning here; did you mean tickTime?", `zoo.cfg:4: n?[2J has no meaning here`}},
	{name: "hexadecimal, and a default", file: "dataDir=/d\njute.maxbuffer=0x9fffff\nminSessionTimeout=-1", want: Config{DataDir: "/d", Addr: ":2181", MaxFrame: 0x9fffff}},
	{name: "one server is standalone", file: "dataDir=/d\ninitLimit=5\nsyncLimit=2\nserver.1=localhost:2888:3888", want: Config{DataDir: "/d", Addr: ":2181"}},
	{name: "no number", file: "dataDir=/d\n\ntickTime=2s", err: `zoo.cfg:3: tickTime: "2s" is not a number`},
	{name: "no port", file: "dataDir=/d\nclientPort=65536", err: "zoo.cfg:2: clientPort"},
	{name: "negative time", file: "dataDir=/d\nminSessionTimeout=-5", err: "zoo.cfg:2: minSessionTimeout"},
	{name: "no boolean", file: "dataDir=/d\nextendedTypesEnabled=perhaps", err: "zoo.cfg:2: extendedTypesEnabled"},
	{name: "1 is no boolean", file: "dataDir=/d\nextendedTypesEnabled=1", err: `zoo.cfg:2: extendedTypesEnabled: "1" is neither true nor false`},
	{name: "an address without a port", file: "dataDir=/d\nclientPortAddress=::1", err: "zoo.cfg:2: clientPortAddress: clientPort is not set"},
	{name: "bounds the wrong way round", file: "dataDir=/d\nminSessionTimeout=9000\n\nmaxSessionTimeout=8000", err: "zoo.cfg:2: minSessionTimeout: minSessionTimeout 9s is above maxSessionTimeout 8s"},
	{name: "a bound below two ticks", file: "dataDir=/d\nmaxSessionTimeout=5999", err: "zoo.cfg:2: maxSessionTimeout: minSessionTimeout 6s is above"},
	{name: "a bad escape", file: "dataDir=/d\ntickTime=\\u00zz", err: "zoo.cfg:2: tickTime: \\u without four hexadecimal digits"},
	{name: "an ensemble", file: "dataDir=/d\nserver.1=a:1:2\nserver.2=b:1:2", err: "zoo.cfg:3: an ensemble of 2 servers is not served yet"},
	{name: "an ensemble of one", file: "dataDir=/d\nstandaloneEnabled=false\nserver.1=a:1:2", err: "zoo.cfg:2: standaloneEnabled: ensembles"},
	{name: "an observer alone", file: "dataDir=/d\nserver.1=a:1:2:observer", err: "zoo.cfg:2: observers need"},
	{name: "no member", file: "dataDir=/d\nserver.1=a:1", err: `zoo.cfg:2: server.1: "a:1" is not host:port:electionPort`},
	{name: "no electionAlg but 3", file: "dataDir=/d\nelectionAlg=1", err: "zoo.cfg:2: electionAlg"},
}

// parseConfig reads text as if it were in a file zoo.cfg. What it says of the AdminServer
// is for TestAdminKeys, and the limit of a file that says nothing for TestConnConfig.
func parseConfig(text string, getenv func(string) string) (Config, []string, error) {
	cfg, warnings, err := parseAll(text, getenv)
	cfg.Admin = AdminConfig{}
	return cfg, warnings, err
}

func parseAll(text string, getenv func(string) string) (Config, []string, error) {
	props, problems := parseProperties([]byte(text), "zoo.cfg")
	s := newSettings("zoo.cfg", problems)
	if getenv != nil {
		s.takeAll(systemProperties(getenv))
	}
	s.takeAll(props)
	s.finish()
	if !s.isSet("maxClientCnxns") {
		s.cfg.MaxClientConns = 0
	}
	return s.file.Config, s.file.Warnings(), s.file.Err()
}

func TestReadConfig(t *testing.T) {
	for _, c := range configs {
		t.Run(c.name, func(t *testing.T) {
			got, warnings, err := parseConfig(c.file, nil)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
			ok := len(warnings) == len(c.warnings)
			for i := range min(len(warnings), len(c.warnings)) {
				ok = ok && strings.HasPrefix(warnings[i], c.warnings[i])
			}
			if !ok {
				t.Errorf("warnings %q, want %q", warnings, c.warnings)
			}
		})
	}
}

func TestReadConfigFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	if _, _, err := ReadConfig(file); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
	os.WriteFile(file, []byte("dataDir=/d\nunknown=1\n"), 0o644)
	_, warnings, err := ReadConfig(file)
	if want := []string{file + ":2: unknown has no meaning here"}; err != nil || !slices.Equal(warnings, want) {
		t.Errorf("%v, %q", err, warnings)
	}
}

func TestConfigsThatCannotBe(t *testing.T) {
	for says, cfg := range map[string]Config{
		"tickTime":          {TickTime: time.Microsecond},
		"minSessionTimeout": {MinSessionTimeout: time.Minute, MaxSessionTimeout: time.Second},
		"server id":         {ServerID: 255},
		"address":           {Addr: "127.0.0.1:99999"},
		"listen":            {Addr: "nonsense"},
	} {
		s, err := Start(t.Context(), cfg)
		if err == nil {
			s.Close()
			t.Errorf("started with a bad %s", says)
		} else if !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %s", err, says)
		}
	}
}
