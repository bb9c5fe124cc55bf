package client

import (
	"context"
	"crypto/tls"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"zook/jute"
)

// DefaultSessionTimeout is what a session asks for when Config names nothing else.
const DefaultSessionTimeout = 30 * time.Second

// DefaultMaxFrame is the largest request in bytes that a server accepts unless
// its jute.maxbuffer says otherwise.
const DefaultMaxFrame = 1<<20 - 1

// closeTimeout bounds what Close waits for besides the server's answer, which
// go-zookeeper waits for as long.
const closeTimeout = time.Second

// Config says what to connect to and how. Only Servers is needed.
type Config struct {
	// Servers is "host:port[,host:port…][/chroot]". The port is 2181 if left out.
	// Hosts are tried in a random order.
	Servers string

	// SessionTimeout is asked for; the server has the last word. 0 is
	// DefaultSessionTimeout.
	SessionTimeout time.Duration

	// TLS is nil for a plain connection. An empty ServerName is the host's name.
	TLS *tls.Config

	// Auth are the identities of the session, sent again on every new connection
	// before anything else.
	Auth []Auth

	// SASL is who the session logs in as, on every new connection before anything
	// else; nil does not log in.
	SASL *SASL

	// MaxFrame is the largest request in bytes that is sent, 0 for DefaultMaxFrame:
	// servers drop the connection, without a word, over anything above their
	// jute.maxbuffer.
	MaxFrame int

	// OnState and OnEvent are called by one goroutine, so what they hear is in
	// order and never concurrent. What they have not taken yet waits in memory:
	// nothing is dropped. They must not block, nor call Close.
	OnState func(State)
	OnEvent func(Event)
}

// Auth is an identity: for scheme "digest", Data is "user:password".
type Auth struct {
	Scheme string
	Data   []byte
}

// Event is a change that a watch was set for. Path is without the chroot. Zxid
// is 0 before ZooKeeper 3.9, whose servers do not say it.
type Event struct {
	Type  jute.EventType
	State jute.KeeperState
	Path  string
	Zxid  int64
}

// Client is a session with an ensemble. All methods may be called by any number
// of goroutines; their requests are pipelined on the one connection.
type Client struct {
	cfg    Config
	chroot string // "" or "/app", never "/"
	hosts  *hosts
	notes  *notifier
	zk     *zk.Conn

	ctx    context.Context // ends with the session; bounds dialing
	cancel context.CancelFunc

	dialed  chan struct{} // closed at the first connection
	refused chan error    // why Dial cannot succeed; one is enough
	ended   chan struct{} // closed when go-zookeeper's loop is over

	noCreate2 atomic.Bool // the servers are older than 3.5

	mu        sync.Mutex
	state     State
	closed    bool
	conn      *frameConn          // what requests travel on; nil while there is none
	dialing   map[*frameConn]bool // accepted, without a session so far
	waiting   []*call             // for a connection, in order
	auths     []Auth
	watches   watchTable
	sessionID int64
	timeout   time.Duration // negotiated
	lastZxid  int64
	lostAt    time.Time // when the last connection ended
	server    string
	hangUps   int   // in a row, of servers in the middle of a login
	loginErr  error // why the session has ended by itself
	closeOnce sync.Once
	closeErr  error
}

// Dial opens a session. It returns when there is one; when every host has
// refused (a *DialError); when ctx runs out of time (a *DialError that wraps its
// error) or is cancelled (its error); when the server refuses one of cfg.Auth
// (jute.ErrAuthFailed); or when it refuses cfg.SASL (a *LoginError). ctx bounds nothing but Dial. The error is an *AddressError or a *jute.PathError when
// cfg.Servers cannot be understood.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	list, chroot, err := ParseServers(cfg.Servers)
	if err != nil {
		return nil, err
	}
	if cfg.SessionTimeout <= 0 {
		cfg.SessionTimeout = DefaultSessionTimeout
	}
	if cfg.MaxFrame <= 0 {
		cfg.MaxFrame = DefaultMaxFrame
	}
	c := &Client{
		cfg: cfg, chroot: chroot, hosts: newHosts(list), notes: newNotifier(cfg.OnState, cfg.OnEvent),
		dialed: make(chan struct{}), refused: make(chan error, 1), ended: make(chan struct{}),
		dialing: map[*frameConn]bool{}, auths: slices.Clone(cfg.Auth),
		watches: newWatchTable(), timeout: cfg.SessionTimeout,
	}
	c.hosts.budget(ctx, cfg.SessionTimeout)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.startSession(list); err != nil {
		c.cancel()
		c.notes.close()
		return nil, err
	}
	select {
	case <-c.dialed:
		c.hosts.budget(context.Background(), cfg.SessionTimeout)
		return c, nil
	case err = <-c.refused:
	case <-ctx.Done():
		err = c.hosts.gaveUp(ctx)
	}
	c.Close()
	return nil, err
}

// startSession starts go-zookeeper's loop, which dials, shakes hands, pings and
// reconnects until its Close.
func (c *Client) startSession(list []string) error {
	conn, events, err := zk.Connect(list, c.cfg.SessionTimeout,
		zk.WithDialer(c.dial), zk.WithHostProvider(c.hosts),
		zk.WithLogger(silence{}), zk.WithLogInfo(false),
		// All that it reads and writes by itself is short.
		zk.WithMaxConnBufferSize(maxForeignFrame), zk.WithMaxBufferSize(maxForeignFrame))
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.zk = conn
	c.mu.Unlock()
	go func() {
		for range events { // our own events come from the frames; this waits for the end
		}
		close(c.ended)
	}()
	return nil
}

// silence is go-zookeeper's logger: what is worth saying reaches the caller as
// an error or a state.
type silence struct{}

func (silence) Printf(string, ...any) {}

// Close ends the session: when it returns nil the server has dropped the
// session's ephemeral nodes. Without a server to tell it returns
// jute.ErrConnectionLoss after about a second at most, and the session ends
// there by its timeout. Operations after Close, and those that still wait,
// return jute.ErrClosing. Later calls return what the first one did.
func (c *Client) Close() error {
	c.closeOnce.Do(c.close)
	return c.closeErr
}

func (c *Client) close() {
	c.mu.Lock()
	c.closed = true
	c.endWaiting(jute.ErrClosing)
	session := c.conn
	for f := range c.dialing {
		if !f.since.IsZero() { // its identities are not accepted yet
			session = f
		}
	}
	c.mu.Unlock()
	c.hosts.close()

	if session != nil {
		c.zk.Close() // asks the server, and waits for its answer for a second
	} else {
		go c.zk.Close() // there is nobody to ask; it may wait nevertheless
	}
	c.cancel()
	if session == nil || !session.sessionClosed.Load() {
		c.closeErr = jute.ErrConnectionLoss
	}
	c.mu.Lock()
	conns := slices.Collect(maps.Keys(c.dialing))
	if c.conn != nil {
		conns = append(conns, c.conn)
	}
	c.mu.Unlock()
	for _, f := range conns {
		f.fail(jute.ErrClosing)
	}
	select {
	case <-c.ended:
	case <-time.After(closeTimeout):
	}
	c.mu.Lock()
	c.state = StateClosed
	c.notes.state(StateClosed)
	c.mu.Unlock()
	c.notes.close()
}

// Err is why the session has ended by itself, for good: a *LoginError; nil if it has
// not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loginErr
}

// State is the state of the connection now.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Server is the host:port of the current connection, or of the last one.
func (c *Client) Server() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server
}

// SessionID is the id of the session; 0 when it has expired and no other is open yet.
func (c *Client) SessionID() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessionID
}

// SessionTimeout is what the server granted.
func (c *Client) SessionTimeout() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timeout
}

// Chroot is the path below which all paths are taken; "" if there is none.
func (c *Client) Chroot() string { return c.chroot }

// LastZxid is the zxid of the last change that this session knows of.
func (c *Client) LastZxid() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastZxid
}
