package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"zook/txnlog"
)

// followPause is how long follow waits before it looks again whether there is more.
const followPause = 25 * time.Millisecond

// logStart is where follow begins: a zxid, or the first transaction that is there.
type logStart struct {
	set  bool
	zxid int64
}

func (s *logStart) Set(text string) error {
	if text == "start" {
		*s = logStart{set: true}
		return nil
	}
	zxid, err := parseZxid(text)
	if err != nil {
		return fmt.Errorf("%q is neither start nor a zxid such as 0x1f00000002", text)
	}
	*s = logStart{true, zxid}
	return nil
}

func (s *logStart) Type() string { return "zxid|start" }
func (s *logStart) String() string {
	switch {
	case !s.set:
		return ""
	case s.zxid == 0:
		return "start"
	}
	return Hex(s.zxid).String()
}

type followOptions struct {
	filter txnFilter
	data   dataMode
	last   int
	from   logStart
}

func newTxnlogFollow(env *Env) *cobra.Command {
	var o followOptions
	cmd := &cobra.Command{
		Use:   "follow [DIR]",
		Short: "Print transactions as a server logs them",
		Long: `Print the transactions that a server adds to its logs, as dump does, from now on: those
of DIR, or of version-2 below it; DIR may be a zoo.cfg, too, and without it --data-dir
says where they are. It needs no session, and
shows what no client sees: sessions, refused requests, who did it. A transaction is shown
when the server has written it, which is before it is committed.

Logs that are begun later follow, also in a directory that is still empty, or that is
begun again. What a crash left of a transaction is noted on standard error when the server
has begun its next log, and so are transactions that were never there to be read. If the
log is damaged, a line says where, and follow ends with exit code 9 unless a later log
follows. Ctrl-C ends it with exit code 0.

` + filterHelp,
		Example: `  zook txnlog follow /var/lib/zookeeper
  zook txnlog follow -n 20 --path /app/ --data text /var/lib/zookeeper
  zook txnlog follow --from 0x1f00000000 -o jsonl /etc/zookeeper/zoo.cfg | jq .path`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.last < 0:
				return usagef("-n: 0 or more transactions")
			case o.from.set && cmd.Flags().Changed("last"):
				return usagef("-n and --from both say where to begin: one of them is enough")
			}
			if err := o.filter.check(); err != nil {
				return err
			}
			dir, err := env.followed(cmd, args)
			if err != nil {
				return err
			}
			f := &following{env: env, command: calledAs(cmd), filter: &o.filter, tail: txnlog.NewTail(dir)}
			defer f.tail.Close()
			f.printer = env.newTxnPrinter(o.data)
			f.format = f.printer.format()
			if o.from.set {
				err = f.tail.SeekZxid(o.from.zxid)
			} else {
				err = f.tail.SeekEnd(o.last)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Err, "zook: following %s\n", printable(dir))
			err = f.run(cmd.Context())
			if cerr := f.printer.close(); err == nil {
				err = cerr
			}
			return err
		},
	}
	f := cmd.Flags()
	f.IntVarP(&o.last, "last", "n", 0, "begin with the last `N` transactions that are there")
	f.Var(&o.from, "from", "begin with this `zxid`, or at the start of what is there")
	f.Var(&o.data, "data", "`how` to show data: none, text, hex or base64")
	o.filter.addFlags(f)
	if !env.nested {
		o.filter.completeTypes(cmd)
		cmd.RegisterFlagCompletionFunc("data", cobra.FixedCompletions(dataModes, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// followed is the directory that is named, or where a zoo.cfg or --data-dir says that
// logs are.
func (e *Env) followed(cmd *cobra.Command, args []string) (string, error) {
	if len(args) == 0 {
		return e.txnlogDir(cmd)
	}
	st, err := os.Stat(args[0])
	if err != nil || st.IsDir() {
		return args[0], err
	}
	dir, err := findDataDir(args[0])
	if err != nil {
		return "", err
	}
	return dir.LogDir, nil
}

// following is a follow that runs.
type following struct {
	env     *Env
	command string
	filter  *txnFilter
	tail    *txnlog.Tail
	printer *txnPrinter
	format  func([]byte, *loggedTxn) []byte

	txn    loggedTxn
	out    []byte
	zxid   int64 // of the last transaction
	failed error // the first damage, which has been reported
	damage error // the last
}

// run prints transactions until ctx ends, or they do.
func (f *following) run(ctx context.Context) error {
	for ctx.Err() == nil {
		rec, err := f.tail.Next()
		if err == nil {
			f.add(rec)
		}
		if err != nil || len(f.out) > batchBytes {
			if err := f.flush(); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			sleep(ctx, followPause)
		case err != nil && f.damage != nil && err.Error() == f.damage.Error(): // there is no later log
			return f.failed
		case err != nil:
			if err := f.fault(err); err != nil {
				return err
			}
		}
	}
	return f.failed
}

func (f *following) flush() error {
	err := f.printer.write(f.out)
	f.out = reuse(f.out)
	return err
}

// add prints a transaction if it is wanted.
func (f *following) add(rec *txnlog.Record) {
	h := &rec.Header
	if last := f.zxid; last != 0 && h.Zxid > last+1 && h.Zxid>>32 == last>>32 {
		f.env.note("%s: the transactions between 0x%x and 0x%x are not there", f.tail.File(), last, h.Zxid)
	}
	f.zxid = h.Zxid
	if !f.filter.matchHeader(h) {
		return
	}
	t := &f.txn
	t.file, t.offset, t.damage = f.tail.File(), rec.Offset, ""
	t.decode(rec.Raw)
	if t.damage != "" {
		f.report(&txnlog.CorruptError{File: t.file, Offset: t.offset, Zxid: h.Zxid, Reason: t.damage})
	}
	if f.filter.matchBody(&t.TxnView) {
		f.out = f.format(f.out, t)
	}
}

// fault tells of a log that cannot be read on. It returns what is no fault of the log.
func (f *following) fault(err error) error {
	var corrupt *txnlog.CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	if corrupt.Torn {
		f.env.note("%v", corrupt)
		return nil
	}
	f.damage = err
	f.report(err)
	return nil
}

func (f *following) report(err error) {
	if err = f.env.report(f.command, err); f.failed == nil {
		f.failed = err
	}
}

// sleep waits for a while, or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
