package commands

import (
	"fmt"

	"github.com/spf13/cobra"

	"zook/jute"
)

// logOptions are what log was asked for.
type logOptions struct {
	recursive, patch bool
	last             int // changes; 0 for all
	zxids            zxidRange
	since, until     timeFlag
}

func newLog(env *Env) *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{
		Use:   "log PATH",
		Short: "Show the history of a znode from transaction logs",
		Long: `Show every transaction in the logs of --data-dir that changed a znode, the latest at the
end: when, by which session, what it did, versions and sizes before and after. Of data that
is text, a terminal shows the lines that changed. Refused requests, and multis of which a
part was refused, changed nothing and are left out; whoever read a znode is in no log.

If the znode was there before the logs begin, that comes first: as much as the oldest
snapshot tells. Logs that a server has purged are gone: what they held is not known.

A line for programs is as of txnlog dump; sessions are 0x0 for the server itself, which
reaps containers and znodes with a TTL:
  TIME ZXID SESSION CXID TYPE PATH [NAME=VALUE...]

A deletion of type closeSession is the end of an ephemeral with its session. The cause is
sessionClosed if its client closed it, sessionExpired if the server did, as a rule since
the client was not heard of for too long.`,
		Example: `  zook --data-dir /var/lib/zookeeper log /app/config
  zook --data-dir /var/lib/zookeeper log -r --since 1h /app
  zook --data-dir /var/lib/zookeeper log -p -n 3 /app/config
  zook --data-dir /var/lib/zookeeper log -o jsonl --zxid 0x1f00000000.. /app`,
		Args:              args(1, 1),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.last < 0 {
				return usagef("-n: a number of changes is 0 or more")
			}
			return env.log(cmd, args[0], &o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.recursive, "recursive", "r", false, "and of all below it, a line a change")
	f.BoolVarP(&o.patch, "patch", "p", false, "show all that changed in the data")
	f.IntVarP(&o.last, "number", "n", 0, "only the last `N` changes")
	f.Var(&o.zxids, "zxid", "only in this range: A..B, A.., ..B or A")
	f.Var(&o.since, "since", "only since this `time`, or in the last 90m, 3d ...")
	f.Var(&o.until, "until", "only until this `time`")
	return cmd
}

func (e *Env) log(cmd *cobra.Command, arg string, o *logOptions) error {
	path, err := e.Path(arg)
	if err != nil {
		return err
	}
	s := scope{path: path}
	if o.recursive {
		s.depth = -1
	}
	p := e.Printer(true)
	h, err := e.newHistory(calledAs(cmd), s, p)
	if err != nil {
		return err
	}
	h.keepData = !o.recursive || o.patch
	h.pass.upTo = o.zxids.to
	t := &logTeller{env: e, p: p, o: o, h: h}
	h.each, h.before = t.tell, t.tell
	if o.recursive {
		h.before = nil
	}
	err = h.run(cmd.Context())
	if ended := t.end(err == nil || err == h.pass.faulty); err == nil {
		err = ended
	}
	if closed := p.Close(); err == nil {
		err = closed
	}
	return onPath(path, err)
}

// logTeller prints the changes that log was asked for.
type logTeller struct {
	env  *Env
	p    *Printer
	o    *logOptions
	h    *history
	kept []*pastChange // the last ones, if only these are wanted
	told bool          // something has been printed
}

func (t *logTeller) tell(c *pastChange) error {
	if !t.wants(c) {
		return nil
	}
	c.recursive, c.diff = t.o.recursive, t.o.patch
	c.block = t.o.patch || t.env.Terminal && !t.o.recursive
	if c.lines = briefDiff; t.o.patch {
		c.lines = -1
	}
	if t.o.last == 0 {
		return t.print(c)
	}
	if len(t.kept) == 2*t.o.last {
		t.kept = append(t.kept[:0], t.kept[t.o.last:]...)
	}
	t.kept = append(t.kept, c)
	return nil
}

func (t *logTeller) wants(c *pastChange) bool {
	ms := int64(0)
	if c.Time != nil {
		ms = int64(*c.Time)
	}
	return t.o.zxids.holds(int64(*c.Zxid)) &&
		(t.o.since.IsZero() || ms >= t.o.since.UnixMilli()) && (t.o.until.IsZero() || ms <= t.o.until.UnixMilli())
}

func (t *logTeller) print(c *pastChange) error {
	if first := t.h.pass.first; !t.told && t.eyes() && first.Zxid != 0 && !isFirst(first.Zxid) {
		fmt.Fprintln(t.p.w, t.env.style().Paint(fmt.Sprintf("The logs begin at %v.\n", first), faint))
	}
	t.told = true
	return t.env.printAbove(t.p, c)
}

// eyes reports whether the output is text for a person.
func (t *logTeller) eyes() bool {
	return t.env.Terminal && (t.env.Format == Auto || t.env.Format == Text)
}

// end prints what was kept. It is an error if there is nothing, unless something went
// wrong before.
func (t *logTeller) end(whole bool) error {
	for _, c := range t.kept[max(0, len(t.kept)-t.o.last):] {
		if err := t.print(c); err != nil {
			return err
		}
	}
	switch {
	case !whole || t.told:
	case !t.h.seen:
		return fmt.Errorf("%w %s", jute.ErrNoNode, t.h.pass.told())
	case t.eyes():
		fmt.Fprintln(t.env.Out, "No such change "+t.h.pass.told())
	}
	return nil
}
