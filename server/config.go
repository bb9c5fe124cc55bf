package server

import (
	"fmt"
	"log/slog"
	"time"

	"zook/snapshot"
)

// Config is what a server is started with. The zero value is a server for a
// test: any free port of 127.0.0.1 and a directory that Close removes.
type Config struct {
	// Addr is host:port to listen on; "" is 127.0.0.1 and any free port, or none if
	// there is a SecureAddr.
	Addr string
	// SecureAddr is host:port for clients that speak TLS; "" is none.
	SecureAddr string
	// TLS is what the secure port shows and asks for.
	TLS TLS
	// DataDir holds version-2 with the snapshots and, unless DataLogDir says
	// otherwise, the transaction logs. It is created if it is missing.
	DataDir    string
	DataLogDir string
	// ServerID is the first byte of session ids, 1 to 254; 0 is 1.
	ServerID int64

	// TickTime is the unit of session timeouts; 0 is 3 s, as in Apache.
	TickTime time.Duration
	// MinSessionTimeout and MaxSessionTimeout bound what a client may ask for;
	// 0 is 2 and 20 ticks.
	MinSessionTimeout, MaxSessionTimeout time.Duration
	// MaxClientConns is how many connections one address may have
	// (maxClientCnxns); 0 is any number. A zoo.cfg that says nothing means 60.
	MaxClientConns int
	// MaxConns is how many connections there may be (maxCnxns); 0 is as many as
	// the process has file descriptors for.
	MaxConns int
	// MaxOutstanding is how many requests may wait for an answer; with more,
	// clients that have one waiting are not read from (globalOutstandingLimit).
	// 0 is any number that takes 64 MiB.
	MaxOutstanding int
	// MaxLargeBytes is how many bytes requests of more than 64 KiB may take
	// together, those that are still arriving included (largeRequestMaxBytes); 0
	// is 100 MiB. A client with one more waits.
	MaxLargeBytes int
	// KeepAlive lets the system probe silent connections (clientTcpKeepAlive).
	KeepAlive bool
	// NoClosePaths logs the end of a session without the ephemerals that go with
	// it, as servers before 3.6 read it (closeSessionTxn.enabled=false).
	NoClosePaths bool
	// SilentTimeout is how long a connection may take to open a session
	// (nio.sessionlessCnxnTimeout); 0 is 10 s.
	SilentTimeout time.Duration
	// MaxFrame is the largest request in bytes (jute.maxbuffer); 0 is 0xfffff.
	MaxFrame int
	// SnapCount is about how many transactions there are between two snapshots;
	// 0 is 100,000.
	SnapCount int
	// SnapSizeLimit is about how many bytes of transactions there are between two
	// snapshots (snapSizeLimitInKb); 0 is 4 GiB, less than 0 is no limit.
	SnapSizeLimit int64
	// TxnLogSizeLimit is how large a log becomes, in bytes of transactions
	// (txnLogSizeLimitInKb); 0 is no limit.
	TxnLogSizeLimit int64
	// PreAllocSize is by how many bytes a log grows ahead; 0 is 64 MiB, less
	// than 0 is none.
	PreAllocSize int64
	// NoForceSync answers writes before they are on the disk (forceSync=no).
	NoForceSync bool
	// FsyncWarning is from when on a sync of the log is warned about
	// (fsync.warningthresholdms); 0 is a second.
	FsyncWarning time.Duration
	// Compression is how snapshots are packed (snapshot.compression.method).
	Compression snapshot.Compression
	// TrustEmptySnapshot starts on logs where no snapshot is (snapshot.trust.empty).
	TrustEmptySnapshot bool
	// NoAutocreate does not start where the data directory is missing
	// (datadir.autocreate=false).
	NoAutocreate bool
	// PurgeInterval is how often old snapshots and logs are removed
	// (autopurge.purgeInterval); 0 is never. PurgeRetain snapshots are kept
	// (autopurge.snapRetainCount); 0 is 3.
	PurgeInterval time.Duration
	PurgeRetain   int
	// ExtendedTypes allows TTL nodes (extendedTypesEnabled).
	ExtendedTypes bool
	// ContainerCheckInterval is how often containers and TTL nodes are looked
	// at; 0 is a minute.
	ContainerCheckInterval time.Duration
	// ContainerMaxPerMinute is how many of them are deleted in a minute; 0 is
	// 10,000.
	ContainerMaxPerMinute int
	// ContainerMaxNeverUsed is how long a container that never had a child stays;
	// 0 is 5 minutes, less than 0 is for ever.
	ContainerMaxNeverUsed time.Duration
	// EnforceQuota refuses what would exceed a hard limit below /zookeeper/quota,
	// and logs what exceeds a soft one (enforceQuota).
	EnforceQuota bool
	// Reconfig answers a reconfig with Unimplemented, as there is no ensemble, and
	// not with ReconfigDisabled (reconfigEnabled).
	Reconfig bool
	// NoTreeDigest leaves the digest of the tree out of logs and snapshots
	// (digest.enabled).
	NoTreeDigest bool
	// Words are the four-letter words that are answered
	// (4lw.commands.whitelist), "*" all; srvr always is.
	Words []string
	// MetricsAddr is host:port of /metrics for Prometheus (metricsProvider.*); "" is
	// none.
	MetricsAddr string
	// NoProcessMetrics leaves out what is known of the process and of Go's runtime
	// (metricsProvider.exportJvmInfo).
	NoProcessMetrics bool

	// SuperDigest is the id of the super user, whom no ACL stops, as
	// user:base64(digest) (DigestAuthenticationProvider.superDigest); "" is nobody.
	SuperDigest string
	// DigestAlgorithm is Java's name of a digest
	// (DigestAuthenticationProvider.digestAlg); "" is SHA1.
	DigestAlgorithm string
	// NoDigest turns the scheme digest off (DigestAuthenticationProvider.enabled).
	NoDigest bool
	// X509SuperUser is the subject of a certificate that is the super user's
	// (X509AuthenticationProvider.superUser); "" is nobody's.
	X509SuperUser string
	// AuthSchemes are schemes beside ip and digest (authProvider.*): "ensemble", "sasl",
	// and "x509", which is there by itself where TLS is spoken.
	AuthSchemes []string
	// EnsembleNames are what the scheme ensemble accepts (ensembleAuthName); nil
	// is anything.
	EnsembleNames []string
	// EnforceAuth are schemes of which a client must have proved one before it may
	// ask for anything (enforce.auth.enabled, enforce.auth.schemes); nil is none.
	EnforceAuth []string
	// SASLUsers are the users who may log in by SASL DIGEST-MD5, with their
	// passwords (java.security.auth.login.config); nil turns SASL off. ACLs of them
	// need the scheme "sasl" among AuthSchemes.
	SASLUsers map[string]string
	// SASLSuperUsers are those whom no ACL stops (superUser, superUser.*).
	SASLSuperUsers []string
	// SASLAnyUser is an id that stands for every user of SASL in ACLs
	// (letAnySaslUserDoX); "" is none.
	SASLAnyUser string
	// KeepFailedSASL keeps the connection of a client whose login fails
	// (allowSaslFailedClients), unless EnforceAuth names "sasl".
	KeepFailedSASL bool
	// SkipACL lets every client do everything (skipACL).
	SkipACL bool

	// NoLastZxid leaves the last zxid out of snapshots, without which the AdminServer
	// takes and restores none (serializeLastProcessedZxid.enabled).
	NoLastZxid bool

	// Admin is the AdminServer.
	Admin AdminConfig
	// InitialConfig is the text of zoo.cfg, which the AdminServer shows
	// (initial_configuration).
	InitialConfig string

	// Logger gets what an operator should know; nil is nobody.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Addr == "" && c.SecureAddr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.DataLogDir == "" {
		c.DataLogDir = c.DataDir
	}
	if c.ServerID == 0 {
		c.ServerID = 1
	}
	if c.TickTime == 0 {
		c.TickTime = 3 * time.Second
	}
	if c.MinSessionTimeout == 0 {
		c.MinSessionTimeout = 2 * c.TickTime
	}
	if c.MaxSessionTimeout == 0 {
		c.MaxSessionTimeout = 20 * c.TickTime
	}
	if c.MaxLargeBytes == 0 {
		c.MaxLargeBytes = 100 << 20
	}
	if c.SilentTimeout == 0 {
		c.SilentTimeout = 10 * time.Second
	}
	if c.MaxFrame == 0 {
		c.MaxFrame = 0xfffff
	}
	if c.SnapCount == 0 {
		c.SnapCount = 100_000
	}
	if c.SnapSizeLimit == 0 {
		c.SnapSizeLimit = 4 << 30
	}
	if c.PreAllocSize == 0 {
		c.PreAllocSize = 64 << 20
	}
	if c.FsyncWarning == 0 {
		c.FsyncWarning = time.Second
	}
	if c.PurgeRetain == 0 {
		c.PurgeRetain = 3
	}
	if c.ContainerCheckInterval == 0 {
		c.ContainerCheckInterval = time.Minute
	}
	if c.ContainerMaxPerMinute == 0 {
		c.ContainerMaxPerMinute = 10_000
	}
	if c.ContainerMaxNeverUsed == 0 {
		c.ContainerMaxNeverUsed = 5 * time.Minute
	}
	c.Admin.setDefaults()
	switch {
	case c.TickTime < 2*time.Millisecond:
		return c, fmt.Errorf("tickTime is %v, it must be at least 2 ms", c.TickTime)
	case c.MinSessionTimeout > c.MaxSessionTimeout:
		return c, fmt.Errorf("minSessionTimeout %v is above maxSessionTimeout %v", c.MinSessionTimeout, c.MaxSessionTimeout)
	case c.ContainerMaxPerMinute < 0:
		return c, fmt.Errorf("znode.container.maxPerMinute is %d, it must not be negative", c.ContainerMaxPerMinute)
	case c.ServerID < 1 || c.ServerID > 254:
		return c, fmt.Errorf("server id %d is not from 1 to 254", c.ServerID)
	case c.Admin.CommandURL != "" && c.Admin.CommandURL[0] != '/':
		return c, fmt.Errorf("admin.commandURL %q does not begin with /", c.Admin.CommandURL)
	}
	return c, nil
}

// speaksTLS reports whether clients may speak TLS.
func (c *Config) speaksTLS() bool { return c.SecureAddr != "" || c.TLS.OnPlainPort }
