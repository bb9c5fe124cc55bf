// Package server is a ZooKeeper server: it speaks ZooKeeper's client protocol
// and keeps ZooKeeper's transaction logs and snapshots.
//
// A write passes three goroutines, in batches:
//
//	prepare   checks a request against the tree and against what is on its way,
//	          and makes it an idempotent transaction with its zxid and time
//	commit    an engine makes the batch durable; standalone, a synced append
//	apply     the batch changes the tree, fires watches and answers
//
// A read is answered by the goroutine that received it, from the tree, unless
// writes of the same connection are on their way: then it waits for those.
//
// # In a Go test
//
// Start with a zero Config is a server for one test: on a free port of 127.0.0.1,
// with a directory of its own that Close removes. It is ready when Start returns,
// which takes a few milliseconds (go test -bench Start ./server), so each test can
// have its own:
//
//	func TestLeader(t *testing.T) {
//		s, err := server.Start(t.Context(), server.Config{})
//		if err != nil {
//			t.Fatal(err)
//		}
//		t.Cleanup(func() { s.Close() })
//		// any client of ZooKeeper connects to s.Addr()
//
// Then the test does to it what happens to servers, and to clients:
//
//	s.ExpireSession(id)   the session's ephemerals go, and its client has to begin anew
//	s.DropConnections()   clients lose their connections, and come back to their sessions
//	s.DropConnection(id)  one of them does
//	s.Pause(), s.Resume() the server hangs: it takes everything and answers nothing
//	s.Restart(ctx)        another server with the same address and the same data
//
// Times can be made short: with Config.TickTime of 50 ms a session may last for 100 ms.
// A Config without limits has none, of connections an address among them; what a
// zoo.cfg means that sets none is in ReadConfig's Config.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
)

// Server is a running server.
type Server struct {
	cfg         Config
	log         *slog.Logger
	calm        *calmLog
	clients     *slog.Logger // calm: for what clients cause
	plain       net.Listener // nil if there is none; so are the others
	secure      net.Listener
	metricsPort net.Listener
	tls         *tlsSource // nil if no client speaks TLS
	dir         *datadir.Dir
	locks       []*os.File
	tempDir     string // to remove

	tree      *datatree.Tree
	sessions  *sessionTable
	auth      *authenticator
	prep      *preparer
	engine    *logEngine
	requests  *queue[request]
	inFlight  atomic.Int64 // bytes of requests that wait for an answer
	waiting   atomic.Int64 // their number
	large     *budget
	snaps     *snapshotter
	stats     *stats
	wordSlots chan struct{} // taken by words that are being answered
	admin     *adminServer  // nil if there is none

	// Of the goroutine that applies.
	gathering []*conn // whose answers are not sent yet
	gathered  int     // these answers

	mu       sync.Mutex
	conns    map[*conn]struct{}
	perAddr  map[netip.Addr]int // connections
	maxConns int                // 0 is any number
	attached map[int64]*conn    // by session
	awaiting map[int64]*conn    // by session: handshakes on their way

	gate      gate          // of what is received and sent
	draining  atomic.Bool   // no request is read any more
	drained   chan struct{} // closed when the last connection goes; nil if nobody waits
	closeOnce sync.Once
	closeErr  error
	ready     chan struct{} // closed when clients may have sessions
	stopping  chan struct{}
	stopOnce  sync.Once
	running   sync.WaitGroup // goroutines of connections and of the clock
	prepDone  chan struct{}
	failed    atomic.Pointer[error]
}

// Start starts a server and returns when it serves. The context bounds the
// start; Close ends the server.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{
		log: cfg.Logger, requests: newQueue[request](),
		conns: map[*conn]struct{}{}, perAddr: map[netip.Addr]int{}, attached: map[int64]*conn{}, awaiting: map[int64]*conn{},
		ready: make(chan struct{}), stopping: make(chan struct{}), prepDone: make(chan struct{}), stats: newStats(),
		wordSlots: make(chan struct{}, maxWords),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.calm = newCalmLog(s.log.Handler())
	s.clients = slog.New(s.calm)
	if err := s.start(ctx, cfg); err != nil {
		s.stop()
		s.running.Wait()
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, cfg Config) error {
	if cfg.DataDir == "" {
		dir, err := os.MkdirTemp("", "zook-server-")
		if err != nil {
			return err
		}
		s.tempDir, cfg.DataDir = dir, dir
	}
	var err error
	if s.cfg, err = cfg.withDefaults(); err != nil {
		return err
	}
	if s.auth, err = newAuthenticator(&s.cfg, s.stats); err != nil {
		return err
	}
	// The ports first: a second server on the same configuration ends here.
	if err := s.listen(ctx); err != nil {
		return err
	}
	if err := s.listenForMetrics(ctx); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	s.maxConns, s.large = connLimit(&s.cfg), newBudget(s.cfg.MaxLargeBytes)
	s.accept()
	s.startAdmin(ctx)
	began := time.Now()
	state, err := s.load(ctx)
	if err != nil {
		return err
	}
	s.stats.loaded(state, time.Since(began))
	s.tree = state.Tree
	s.tree.OnFired(s.stats.fired)
	s.tree.OnWritten(s.stats.written)
	s.sessions = newSessionTable(state.Sessions, s.cfg.ServerID, time.Now(), s.cfg.TickTime)
	s.prep = newPreparer(s.tree, s.auth, s.sessions, &s.cfg, s.stats, s.clients)
	s.snaps = newSnapshotter(s, state.Replayed)
	s.engine = newLogEngine(s.dir.LogDir, &s.cfg, s.stats, s.log, s.apply, s.fail)
	go s.prepareLoop()
	s.dropOrphans()
	s.running.Add(2)
	go s.tick()
	if s.cfg.PurgeInterval > 0 {
		s.running.Add(1)
		go s.purgeLoop()
	}
	go s.reap()
	close(s.ready)
	if s.metricsPort != nil {
		s.running.Add(1)
		go s.serveMetrics()
	}
	s.log.Info("serving", "address", s.Addr(), "secureAddress", s.SecureAddr(), "dataDir", s.cfg.DataDir, "zxid", hex(s.tree.LastZxid()),
		"znodes", s.tree.Counts().Znodes, "sessions", len(state.Sessions))
	return nil
}

// dropOrphans deletes the ephemerals of sessions that were closed while a snapshot was
// written.
func (s *Server) dropOrphans() {
	for _, id := range s.tree.EphemeralOwners() {
		if s.sessions.get(id) == nil {
			s.requests.put(request{session: id, op: jute.OpCloseSession})
		}
	}
}

// load takes the data directory for this server alone and reads it.
func (s *Server) load(ctx context.Context) (*datadir.State, error) {
	err := CheckDirs(&s.cfg)
	if err != nil {
		return nil, err
	}
	if s.dir, err = datadir.Create(s.cfg.DataDir, s.cfg.DataLogDir); err != nil {
		return nil, err
	}
	s.dir.NoDigest = s.cfg.NoTreeDigest
	for _, dir := range slices.Compact([]string{s.dir.SnapDir, s.dir.LogDir}) {
		f, err := lockDir(dir)
		if err != nil {
			return nil, err
		}
		s.locks = append(s.locks, f)
	}
	removeTemporary(s.dir)
	state, err := s.dir.Load(ctx, nil)
	if err != nil {
		return nil, withRepair(err)
	}
	for _, w := range state.Warnings {
		s.log.Warn(w)
	}
	s.warnOfLargeTxn(state.Largest)
	if err := checkState(&s.cfg, state); err != nil {
		return nil, err
	}
	s.dir.Compression, s.dir.NoLastZxid = s.cfg.Compression, s.cfg.NoLastZxid
	removeInitialize(&s.cfg)
	if state.Snapshot == nil {
		// Apache does not start on logs alone.
		err = s.dir.WriteSnapshot(state.Tree.Export(), state.Sessions)
		state.Replayed = 0
	}
	return state, err
}

// release gives up what a start has taken.
func (s *Server) release() error {
	for _, f := range s.locks {
		f.Close()
	}
	return removeTemp(s.tempDir)
}

// removeTemp removes a temporary directory; "" is none.
func removeTemp(dir string) error {
	if dir == "" {
		return nil
	}
	return os.RemoveAll(dir)
}

// Done is closed when the server ends, by Close or because it could not go on;
// then Err says why.
func (s *Server) Done() <-chan struct{} { return s.stopping }

// Err is why the server ended by itself, or nil.
func (s *Server) Err() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// prepareLoop is the goroutine that prepares.
func (s *Server) prepareLoop() {
	defer close(s.prepDone)
	var reqs []request
	for {
		if reqs = s.requests.take(reqs); reqs == nil {
			return
		}
		select {
		case <-s.stopping: // whoever asked is gone, and is owed nothing
			continue
		default:
		}
		began := s.stats.toPrepare(reqs)
		var b batch
		for i := range reqs {
			r := &reqs[i]
			if r.alone != nil {
				b.alone = r.alone
				s.commit(b)
				b = batch{}
				s.awaitRun(r.alone)
				continue
			}
			if r.op == jute.OpSync || r.op == opResume {
				b.syncs = append(b.syncs, waiting{r.session, r.cxid, r.op})
				if len(b.txns) == 0 {
					continue
				}
				// What follows a sync must not be applied before it is answered.
				s.commit(b)
				b = batch{}
				continue
			}
			if len(b.syncs) > 0 {
				s.commit(b)
				b = batch{}
			}
			if b.txns == nil {
				b.txns = make([]*jute.Txn, 0, len(reqs)-i)
			}
			b.txns = append(b.txns, s.prepare(r))
		}
		s.commit(b)
		s.stats.prepared(len(reqs), began)
	}
}

// tick expires sessions.
func (s *Server) tick() {
	defer s.running.Done()
	expiry := time.NewTimer(s.sessions.untilExpiry())
	defer expiry.Stop()
	for {
		select {
		case <-s.stopping:
			return
		case <-expiry.C:
			s.gate.pass()
			for _, id := range s.sessions.expired() {
				s.clients.Info("session expired", "session", hex(id))
				s.stats.sessionsExpired.add(1)
				s.requests.put(request{session: id, op: jute.OpCloseSession})
			}
			s.calm.settle(time.Now())
			expiry.Reset(s.sessions.untilExpiry())
		}
	}
}

func hex(v int64) string { return "0x" + strconv.FormatUint(uint64(v), 16) }
