package commands

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

// pastDeletion is one time that a znode was deleted.
type pastDeletion struct {
	*pastChange
	Alive *Hex   // the zxid before, for --at; nil if the same transaction created it
	Also  *spree // what else the session deleted about then; nil if nothing

	spree *spree
	dir   string
}

func (d *pastDeletion) MarshalJSON() ([]byte, error) {
	return encodeJSON(struct {
		pastChangeJSON
		Alive *Hex   `json:"at,omitempty"`
		Also  *spree `json:"also,omitempty"`
	}{d.json(), d.Alive, d.Also})
}

func (d *pastDeletion) Text(w io.Writer, s Style) {
	if !s.Terminal {
		line := &strings.Builder{}
		d.pastChange.Text(line, s)
		text := strings.TrimSuffix(line.String(), "\n")
		if d.Also != nil {
			text += fmt.Sprintf(" also=%d", d.Also.Count)
		}
		fmt.Fprintln(w, text)
		return
	}
	d.block, d.recursive, d.lines = true, true, briefDiff
	d.pastChange.Text(w, s)
	if d.Also != nil {
		who := "the same session"
		if *d.Session == 0 {
			who = "the server"
		}
		fmt.Fprintf(w, "With it %s deleted %s.\n", who, d.Also.text(s))
	}
	if d.Alive != nil {
		fmt.Fprintf(w, "To see it as it was:\n    zook --data-dir %s --at %v get %s\n", shellWord(d.dir), *d.Alive, shellWord(d.Path))
	}
	fmt.Fprintln(w)
}

// shellWord is text as one word of a POSIX shell.
func shellWord(text string) string {
	plain := strings.IndexFunc(text, func(r rune) bool {
		return !strings.ContainsRune("/.,:=_-+@%", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
	if plain && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// spree is deletions of a session, none of which comes long after the one before.
type spree struct {
	Count int64    `json:"count"` // of other znodes
	Below string   `json:"below"` // the path that all of these were below
	From  Time     `json:"from"`
	To    Time     `json:"to"`
	Paths []string `json:"paths"` // the first of them
}

const (
	spreePause = 10_000 // milliseconds between two deletions that end a spree
	spreePaths = 10
)

func (s *spree) add(path []byte, ms int64) {
	s.Count++
	if s.To = Time(ms); s.Count == 1 {
		s.From, s.Below = s.To, jute.ParentPath(string(path))
	}
	if len(s.Paths) < spreePaths {
		s.Paths = append(s.Paths, string(path))
	}
	for below := (scope{s.Below, -1}); len(path) <= len(s.Below) || !below.holds(path); below.path = s.Below {
		if s.Below == "/" {
			return
		}
		s.Below = jute.ParentPath(s.Below)
	}
}

func (s *spree) text(style Style) string {
	var paths []string
	for _, path := range s.Paths {
		paths = append(paths, oneWord(path))
	}
	znodes := "znodes"
	if s.Count == 1 {
		znodes = "znode"
	}
	text := fmt.Sprintf("%s other %s below %s, from %v to %v: %s",
		style.Count(s.Count), znodes, oneWord(s.Below), s.From, s.To, strings.Join(paths, ", "))
	if s.Count > int64(len(s.Paths)) {
		text += ", …"
	}
	return text
}

func newWhoDeleted(env *Env) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "who-deleted PATH",
		Short: "Show who deleted a znode",
		Long: `Show from the logs of --data-dir which transaction, of which session, deleted a znode last,
or with -a each that did: when, how, what was lost, and which other znodes the same session
deleted within seconds of each other.

The cause is request (a session deleted it), sessionClosed or sessionExpired (it was an
ephemeral), or reaped (a container without children, or the end of a TTL).

The exit code is 1 if the znode is there now, 3 if it never was as far as the logs tell.`,
		Example: `  zook --data-dir /var/lib/zookeeper who-deleted /app/config
  zook --data-dir /var/lib/zookeeper who-deleted -a -o jsonl /locks/leader`,
		Args:              args(1, 1),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := env.Path(args[0])
			if err != nil {
				return err
			}
			return onPath(path, env.whoDeleted(cmd.Context(), calledAs(cmd), path, all))
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "every time, not only the last")
	return cmd
}

func (e *Env) whoDeleted(ctx context.Context, command, path string, all bool) error {
	p := e.Printer(all)
	h, err := e.newHistory(command, scope{path: path}, p)
	if err != nil {
		return err
	}
	d := &deletionTeller{env: e, p: p, path: path, all: all, sprees: map[int64]*spree{}}
	h.each, h.everyTxn = d.tell, d.look
	h.before = func(c *pastChange) error { d.created = c; return nil }
	damage := h.run(ctx)
	if damage != nil && damage != h.pass.faulty {
		p.Close()
		return damage
	}
	switch there := h.znodes[path] != nil; {
	case there && (!all || d.count == 0):
		d.waiting = nil
		err = d.exists(h.znodes[path].unsure)
	case d.count == 0:
		err = fmt.Errorf("%w %s", jute.ErrNoNode, h.pass.told())
	}
	if err != nil && damage != nil {
		e.report(command, onPath(path, err))
		err = nil
	}
	return cmp.Or(d.flush(func(*pastDeletion) bool { return true }), p.Close(), damage, err)
}

// deletionTeller prints deletions once it knows what else was deleted with them.
type deletionTeller struct {
	env     *Env
	p       *Printer
	path    string
	all     bool
	sprees  map[int64]*spree // of open sessions
	closed  int64            // the session that ended last
	waiting []*pastDeletion
	created *pastChange // as it is now
	count   int
}

// look sees every transaction that deletes something.
func (d *deletionTeller) look(v *jute.TxnView) {
	if d.closed != 0 {
		delete(d.sprees, d.closed)
	}
	ms := v.Header.Time
	add := func(path []byte) {
		s := d.sprees[v.Header.ClientID]
		if s == nil || ms > int64(s.To)+spreePause {
			s = &spree{}
			d.sprees[v.Header.ClientID] = s
		}
		if s.To = Time(ms); string(path) != d.path {
			s.add(path, ms)
		}
	}
	for i := range v.Ops {
		if t := v.Ops[i].Type; t == jute.OpDelete || t == jute.OpDeleteContainer {
			add(v.Ops[i].Path)
		}
	}
	for _, path := range v.Closed {
		add(path)
	}
	if d.closed = 0; v.Header.Type == jute.OpCloseSession {
		d.closed = v.Header.ClientID
	}
}

func (d *deletionTeller) tell(c *pastChange) error {
	if c.Change == changeCreate {
		d.created = c
	}
	if c.Change != changeDelete {
		return nil
	}
	d.count++
	now := &pastDeletion{pastChange: c, dir: d.env.Files.Dir, spree: d.sprees[int64(*c.Session)]}
	if c.stat.Czxid != int64(*c.Zxid) {
		now.Alive = new(*c.Zxid - 1)
	}
	if !d.all {
		d.waiting = []*pastDeletion{now}
		return nil
	}
	err := d.flush(func(w *pastDeletion) bool {
		return w.spree == nil || w.spree == now.spree || int64(*c.Time) > int64(w.spree.To)+spreePause
	})
	d.waiting = append(d.waiting, now)
	return err
}

// flush prints those that wait for nothing more, in their order.
func (d *deletionTeller) flush(done func(*pastDeletion) bool) error {
	for len(d.waiting) > 0 && done(d.waiting[0]) {
		w := d.waiting[0]
		d.waiting = d.waiting[1:]
		if w.spree != nil && w.spree.Count > 0 {
			also := *w.spree
			w.Also = &also
		}
		if err := d.env.printAbove(d.p, w); err != nil {
			return err
		}
	}
	return nil
}

// exists is the error for a znode that is there.
func (d *deletionTeller) exists(unsure bool) error {
	text := "before the logs begin"
	if c := d.created; c != nil && c.Time != nil {
		text = fmt.Sprintf("%v, %v", c.Time, c.Zxid)
		if c.Session != nil {
			text += fmt.Sprintf(", by session %v", c.Session)
		}
	}
	what := "it exists"
	if unsure {
		what = "it was there before the hole in the logs"
	}
	err := &Error{Err: fmt.Errorf("%s: created %s", what, text)}
	if d.count > 0 {
		times := "once"
		if d.count > 1 {
			times = fmt.Sprintf("%d times", d.count)
		}
		err.Hint = fmt.Sprintf("it had been deleted %s before, which -a shows", times)
	}
	return err
}
