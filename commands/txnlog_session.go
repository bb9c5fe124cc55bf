package commands

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

func newTxnlogSession(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "session [SESSION] FILE|DIR...",
		Short: "Show the life of a session, or list all sessions",
		Long: `Show what logs tell of a session: when it was opened and with which timeout, all that it
wrote, what was refused, the ephemerals that it created and lost, how it ended, and a
summary of that at the end. Without SESSION, list all sessions: those that ended in that order,
then those that are open when the logs end.

Only a session whose client closed it ends as sessionClosed. sessionExpired is the
server's work, as a rule since the client was not heard of for too long. Where a client
connected from is in no log; the server that opened the session is in its id.

The files are those of other txnlog commands; instead, --data-dir also tells of
sessions that were open before the logs begin. Lines are as of txnlog dump:
  TIME ZXID SESSION CXID TYPE [PATH] [NAME=VALUE...]
and of the summary:
  SESSION OPENED ENDED END [NAME=VALUE...]`,
		Example: `  zook txnlog session 0x1000ce48e90000 /var/lib/zookeeper
  zook txnlog session log.1f00000001 log.1f000a0000
  zook --data-dir /var/lib/zookeeper txnlog session -o jsonl 0x1000ce48e90000`,
		Args: args(0, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var id *int64
			if len(args) > 0 {
				if v, err := parseZxid(args[0]); err == nil {
					id, args = &v, args[1:]
				}
			}
			if id != nil && *id == 0 {
				return usagef("0x0 is no session but the server itself: txnlog dump --session 0 shows what it did")
			}
			return env.sessions(cmd, id, args)
		},
	}
	return cmd
}

// sessionReader reads what logs tell of sessions.
type sessionReader struct {
	env    *Env
	p      *Printer
	pass   *logPass
	before map[int64]int32 // the timeouts of sessions that were open before the logs
	view   jute.TxnView
}

func (e *Env) sessions(cmd *cobra.Command, id *int64, paths []string) error {
	r := &sessionReader{env: e, before: map[int64]int32{}}
	if r.p = e.Printer(true); id == nil {
		r.p = e.TablePrinter(true)
	}
	r.pass = &logPass{env: e, command: calledAs(cmd), p: r.p}
	switch {
	case len(paths) == 0 && e.Files.Dir == "":
		return usagef("which logs? usage: %s", useLine(cmd))
	case len(paths) > 0:
		files, err := txnlog.Files(paths...)
		if err != nil {
			return err
		}
		r.pass.files = files
	default:
		if err := r.openDir(); err != nil {
			return err
		}
	}
	if id != nil {
		return r.one(cmd.Context(), *id)
	}
	return r.all(cmd.Context())
}

// openDir reads the logs of --data-dir.
func (r *sessionReader) openDir() error {
	dir, err := r.env.dataDir()
	if err != nil {
		return err
	}
	logs, err := dir.Logs()
	if err != nil {
		return err
	}
	for _, f := range logs {
		r.pass.files = append(r.pass.files, f.Path)
	}
	r.pass.at = r.env.Files.At
	r.pass.gap = func(after, next int64) error {
		snaps, err := dir.Snapshots()
		if err != nil || after != 0 {
			return err
		}
		for _, f := range baselines(snaps, after, next) {
			found, err := snapshotSessions(f.Path)
			if err == nil {
				r.before = found
				return nil
			}
			r.pass.warn(fmt.Sprintf("snapshot passed over: %v", err))
		}
		return nil
	}
	return nil
}

// snapshotSessions are the timeouts of the sessions in a snapshot.
func snapshotSessions(path string) (map[int64]int32, error) {
	f, err := snapshot.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found := map[int64]int32{}
	for s, err := range f.Sessions() {
		if err != nil {
			return nil, err
		}
		found[s.ID] = s.Timeout
	}
	return found, nil
}

func (r *sessionReader) decode(rec *txnlog.Record) bool {
	if err := r.view.Decode(rec.Raw); err != nil {
		r.pass.tellOf(rec, fmt.Sprintf("transaction of type %v: %v", rec.Header.Type, err), "it is left out")
		return false
	}
	return true
}

func (r *sessionReader) newLife(id int64) *sessionLife {
	l := newSessionLife(id)
	if timeout, ok := r.before[id]; ok {
		l.Timeout = new(timeout)
	}
	return l
}

// one prints the life of a session.
func (r *sessionReader) one(ctx context.Context, id int64) error {
	var life *sessionLife
	ephemerals := map[string]struct{}{} // that it has
	damage := r.pass.run(ctx, func(rec *txnlog.Record) error {
		t := &rec.Header
		own := t.ClientID == id
		if !own && (len(ephemerals) == 0 || !mayDelete(t.Type)) || !r.decode(rec) {
			return nil
		}
		if !own {
			return r.othersDelete(ephemerals)
		}
		if life == nil {
			life = r.newLife(id)
		}
		life.add(&r.view)
		return r.tell(life, ephemerals)
	})
	if damage != nil && damage != r.pass.faulty {
		r.p.Close()
		return damage
	}
	var err error
	if _, open := r.before[id]; life == nil && open {
		life = r.newLife(id)
	}
	if life == nil {
		err = fmt.Errorf("the logs tell of no session %v %s", Hex(id), r.pass.told())
	} else if _, isTable := r.p.formatter.(*tableFormat); !isTable { // which has other columns
		err = r.p.Print(life)
	}
	if err != nil && damage != nil {
		err = r.env.report(r.pass.command, err)
	}
	return cmp.Or(r.p.Close(), damage, err)
}

// mayDelete reports whether a transaction of the type may delete znodes that the
// session of another made.
func mayDelete(t jute.OpCode) bool {
	return t == jute.OpDelete || t == jute.OpDeleteContainer || t == jute.OpMulti
}

// tell prints a transaction of the session.
func (r *sessionReader) tell(life *sessionLife, ephemerals map[string]struct{}) error {
	t := &r.view.Header
	switch t.Type {
	case jute.OpCloseSession:
		slices.SortFunc(r.view.Closed, bytes.Compare)
		for _, path := range r.view.Closed {
			delete(ephemerals, string(path))
			if err := r.env.printAbove(r.p, newClosed(&r.view, string(path))); err != nil {
				return err
			}
		}
		if !r.view.HasClosed {
			life.Lost = new(int64(len(ephemerals)))
		}
		for _, path := range slices.Sorted(maps.Keys(ephemerals)) { // of a server before 3.6, which does not name them
			if err := r.env.printAbove(r.p, newClosed(&r.view, path)); err != nil {
				return err
			}
		}
		clear(ephemerals)
		return r.env.printAbove(r.p, newSessionTxn(&r.view))
	case jute.OpCreateSession, jute.OpError:
		return r.env.printAbove(r.p, newSessionTxn(&r.view))
	}
	if r.view.Failed() {
		return r.env.printAbove(r.p, newSessionTxn(&r.view))
	}
	for i := range r.view.Ops {
		o := &r.view.Ops[i]
		if o.Type == jute.OpCheck {
			continue
		}
		c := newPastChange(&r.view, i)
		c.ACL = o.ACLs()
		switch {
		case o.Ephemeral:
			ephemerals[c.Path] = struct{}{}
		case c.Change == changeDelete:
			delete(ephemerals, c.Path)
		}
		if err := r.env.printAbove(r.p, c); err != nil {
			return err
		}
	}
	return nil
}

// othersDelete prints what another session does to the ephemerals of this one.
func (r *sessionReader) othersDelete(ephemerals map[string]struct{}) error {
	if r.view.Failed() {
		return nil
	}
	for i := range r.view.Ops {
		o := &r.view.Ops[i]
		if _, has := ephemerals[string(o.Path)]; !has || o.Type != jute.OpDelete && o.Type != jute.OpDeleteContainer {
			continue
		}
		delete(ephemerals, string(o.Path))
		if err := r.env.printAbove(r.p, newPastChange(&r.view, i)); err != nil {
			return err
		}
	}
	return nil
}

// late is how many sessions may end before one is printed that has ended: what it had
// sent before is refused a little later.
const late = 1024

// all lists all sessions.
func (r *sessionReader) all(ctx context.Context) error {
	lives := map[int64]*sessionLife{}
	var ended []*sessionLife
	flush := func(keep int) error {
		for len(ended) > keep {
			l := ended[0]
			ended = ended[1:]
			delete(lives, int64(l.Session))
			if err := r.env.printAbove(r.p, l); err != nil {
				return err
			}
		}
		return nil
	}
	damage := r.pass.run(ctx, func(rec *txnlog.Record) error {
		id := rec.Header.ClientID
		if id == 0 || !r.decode(rec) { // 0 is the server itself
			return nil
		}
		l := lives[id]
		if l == nil {
			l = r.newLife(id)
			delete(r.before, id)
			lives[id] = l
		}
		open := l.Ended == nil
		if l.add(&r.view); open && l.Ended != nil {
			ended = append(ended, l)
		}
		return flush(late)
	})
	err := flush(0)
	for id := range r.before {
		lives[id] = r.newLife(id)
	}
	open := slices.SortedFunc(maps.Values(lives), func(a, b *sessionLife) int {
		return cmp.Or(cmp.Compare(zxidOf(a), zxidOf(b)), cmp.Compare(a.Session, b.Session))
	})
	for _, l := range open {
		if err == nil {
			err = r.env.printAbove(r.p, l)
		}
	}
	return cmp.Or(err, r.p.Close(), damage)
}

// zxidOf is where a session was opened; 0 before the logs.
func zxidOf(l *sessionLife) int64 {
	if l.Zxid == nil {
		return 0
	}
	return int64(*l.Zxid)
}
