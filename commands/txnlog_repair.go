package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"zook/datadir"
	"zook/txnlog"
)

// logPart is some transactions of a log.
type logPart struct {
	Transactions int64 `json:"transactions"`
	First        *Hex  `json:"firstZxid"` // null if there are none
	Last         *Hex  `json:"lastZxid"`
	Bytes        int64 `json:"bytes"`
}

func newLogPart(p txnlog.Part) logPart {
	l := logPart{Transactions: int64(p.Txns), Bytes: p.Bytes}
	if p.Txns > 0 {
		l.First, l.Last = new(Hex(p.First)), new(Hex(p.Last))
	}
	return l
}

// text is such as "2 transactions, 0x1..0x2".
func (p *logPart) text(s Style) string {
	v := logVerdict{Transactions: p.Transactions, First: p.First, Last: p.Last}
	return v.holds(s)
}

// madeLog is what repair and chop print of the log that they have made.
type madeLog struct {
	File     string      `json:"file"`
	To       string      `json:"to"`
	Kept     logPart     `json:"kept"`
	Fixed    []fixedTxn  `json:"fixed,omitempty"`
	Cut      *logFinding `json:"cut,omitempty"`  // why the new log ends where it does
	Lost     *logPart    `json:"lost,omitempty"` // behind that, and can still be read; bytes is of all that is there
	Warnings []string    `json:"warnings"`

	lost []string // the first of them
}

// fixedTxn is a transaction that could not be read as it was.
type fixedTxn struct {
	Offset int64  `json:"offset"`
	Zxid   *Hex   `json:"zxid"` // null for the header of the file
	Fix    string `json:"fix"`
	Reason string `json:"reason"`
}

// fixNames are what is done to what is damaged, and fixes what is kept then.
var (
	fixNames = map[txnlog.FixKind]string{
		txnlog.NewHeader: "header", txnlog.NewFrame: "frame", txnlog.OneByte: "byte", txnlog.NewChecksum: "checksum"}
	fixes = map[txnlog.FixKind]string{
		txnlog.NewHeader:   "the transactions behind a new header",
		txnlog.NewFrame:    "this transaction, whose checksum is right, with its length and end",
		txnlog.OneByte:     "this transaction, with one byte changed back as the checksum tells",
		txnlog.NewChecksum: "this transaction as it is, with a new checksum",
	}
)

func (l *madeLog) Text(w io.Writer, s Style) {
	file, to := printable(l.File), printable(l.To)
	fmt.Fprintf(w, "%s: written: %s, %s bytes\n", to, l.Kept.text(s), s.Count(l.Kept.Bytes))
	for _, f := range l.Fixed {
		what := "the header"
		if f.Zxid != nil {
			what = "transaction " + f.Zxid.String()
		}
		fmt.Fprintf(w, "%s: fixed (%s): %s at offset %d: %s\n", to, f.Fix, what, f.Offset, oneLine(f.Reason))
	}
	if l.Cut != nil {
		fmt.Fprintf(w, "%s: ends where %s is damaged%s\n", to, file, l.Cut.text())
		what := "no transaction"
		if l.Lost.Transactions > 0 {
			what = l.Lost.text(s)
		}
		fmt.Fprintf(w, "%s: lost: all behind %v, %s bytes, of which %s can still be read there\n", to, l.Kept.Last, s.Count(l.Lost.Bytes), what)
		for _, line := range l.lost {
			fmt.Fprintf(w, "  %s\n", line)
		}
		if more := l.Lost.Transactions - int64(len(l.lost)); more > 0 {
			fmt.Fprintf(w, "  and %s more\n", s.Count(more))
		}
	}
	for _, text := range l.Warnings {
		fmt.Fprintf(w, "%s: %s: %s\n", to, s.Paint("warning", yellow), oneLine(text))
	}
}

func (l *madeLog) Row(s Style) ([]string, [][]string) {
	row := []string{printable(l.To), l.Kept.text(s), s.Count(int64(len(l.Fixed))), "", ""}
	if l.Cut != nil {
		row[3], row[4] = l.Lost.text(s), l.Cut.text()[1:]
	}
	return []string{"file", "kept", "fixed", "lost", "why"}, [][]string{row}
}

func newTxnlogRepair(env *Env) *cobra.Command {
	r := logRepair{env: env}
	cmd := &cobra.Command{
		Use:   "repair FILE",
		Short: "Make a new log of what is whole in a damaged one",
		Long: `Write a new log, FILE.fixed, with the transactions of FILE up to the first fault. FILE stays
as it is, and a file that is there is never written over.

A transaction that could be kept with a fix is shown, and you are asked for each:
  header    the header of the file is written anew: whole transactions are behind it
  frame     the length or the last byte is written anew: the checksum is right
  byte      one byte is changed back: the checksum tells which one had changed
  checksum  the checksum is written anew, as Apache's toolkit does: what changed may be any
            byte, but it can be decoded, and its zxid is the next
No ends the new log before it, Ctrl-C writes nothing. --yes keeps all of them;
--valid-prefix keeps none, and asks nothing; a script has to give one of the two if there is
something to fix. The same goes for what comes behind missing transactions, but if a
snapshot beside FILE is newer than those, it is kept.

The new log passes verify, and a server starts with it in place of FILE: move FILE away,
and give the new one its name. What is lost is told: above all, later logs do not follow
where transactions are missing before them. An ensemble's member is better off without
its data, which it gets again from the others.`,
		Example: `  zook txnlog repair log.1f00000001
  zook txnlog repair --valid-prefix --to /tmp/log.1f00000001 log.1f00000001
  zook txnlog repair --yes -o json log.1f00000001`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.prefix && env.Yes {
				return usagef("--yes keeps all that can be fixed, and --valid-prefix nothing: one of them is enough")
			}
			return r.repair(cmd.Context(), args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.to, "to", "", "write this `file` (FILE.fixed)")
	f.BoolVar(&r.prefix, "valid-prefix", false, "end before the first fault, fix nothing")
	return cmd
}

// logRepair is a repair that runs.
type logRepair struct {
	env    *Env
	to     string
	prefix bool

	ctx   context.Context
	file  string
	size  int64
	shown *progress
	made  madeLog
}

// lostShown is how many of the transactions that are lost are shown.
const lostShown = 10

func (r *logRepair) repair(ctx context.Context, file string) error {
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	if r.to == "" {
		r.to = file + ".fixed"
	}
	r.ctx, r.file, r.size = ctx, file, st.Size()
	r.made = madeLog{File: file, To: r.to, Warnings: []string{}}
	r.watch()
	done, err := txnlog.Repair(ctx, file, r.to, txnlog.RepairOptions{
		Keep: r.keep, Gap: r.keepGap, Lost: r.lose, Progress: func(n int64) { r.shown.done.Store(n) }})
	r.shown.Finish()
	if err != nil {
		return explainNewLog(err, done, file)
	}
	r.made.Kept = newLogPart(done.Kept)
	if done.Cut != nil {
		r.made.Cut, r.made.Lost = new(findingOf(done.Cut)), new(newLogPart(done.Lost))
		r.made.Warnings = append(r.made.Warnings, laterLogs(file, done.Kept)...)
	}
	return r.env.print(&r.made)
}

// watch begins to show how much has been read.
func (r *logRepair) watch() {
	r.shown = r.env.progress("bytes read:")
	r.shown.total.Store(r.size)
}

// explainNewLog is why there is no new log.
func explainNewLog(err error, done *txnlog.Repaired, file string) error {
	switch {
	case errors.Is(err, txnlog.ErrWhole):
		kept := newLogPart(done.Kept)
		return fmt.Errorf("%w: %s, and no fault", err, kept.text(Style{}))
	case errors.Is(err, fs.ErrExist):
		return &Error{Err: err, Hint: "--to names another file"}
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w, nothing was written", file, err)
	}
	return err
}

// keep asks whether a record is to be fixed.
func (r *logRepair) keep(fix *txnlog.Fix) (bool, error) {
	what, zxid := fixes[fix.Kind], new(Hex(fix.Header.Zxid))
	if fix.Kind == txnlog.NewHeader {
		zxid = nil
	}
	kept, err := r.decide(fix.Fault, what, fix.Record)
	if kept {
		r.made.Fixed = append(r.made.Fixed, fixedTxn{fix.Fault.Offset, zxid, fixNames[fix.Kind], fix.Fault.Reason})
	}
	return kept, err
}

// keepGap asks whether what is behind missing transactions is to be kept, unless they
// are missed by nobody.
func (r *logRepair) keepGap(gap *txnlog.GapError) (bool, error) {
	if snap := needless(gap, snapshotsBeside(r.file)); snap != "" {
		r.made.Warnings = append(r.made.Warnings, fmt.Sprintf("at offset %d %s: a start does not need them, as %s is newer",
			gap.Offset, gap.Reason, filepath.Base(snap)))
		return true, nil
	}
	kept, err := r.decide(&gap.CorruptError, "what is behind them, which takes a snapshot that is newer", txnlog.Record{})
	if kept {
		r.made.Warnings = append(r.made.Warnings, fmt.Sprintf("at offset %d %s: a start needs a snapshot of 0x%x or later",
			gap.Offset, gap.Reason, gap.Before-1))
	}
	return kept, err
}

// decide asks whether to keep something in spite of a fault, if that has not been said.
func (r *logRepair) decide(fault *txnlog.CorruptError, what string, rec txnlog.Record) (bool, error) {
	if r.prefix || r.env.Yes {
		return r.env.Yes, nil
	}
	if r.env.Ask == nil {
		return false, &Error{Err: fault, Hint: "--yes keeps " + what + ", and --valid-prefix ends the new log before it"}
	}
	r.shown.Finish()
	defer r.watch()
	fmt.Fprintln(r.env.Err, "zook: "+oneLine(fault.Error()))
	if rec.Raw != nil {
		fmt.Fprintln(r.env.Err, "  "+oneTxn(&rec))
	}
	return r.env.Ask(r.ctx, "Keep "+what+"?")
}

// lose notes a transaction that is lost.
func (r *logRepair) lose(rec *txnlog.Record) {
	if len(r.made.lost) < lostShown {
		r.made.lost = append(r.made.lost, oneTxn(rec))
	}
}

// oneTxn is a transaction in one line that is not too long.
func oneTxn(rec *txnlog.Record) string {
	var t loggedTxn
	t.decode(rec.Raw)
	line := newTxnText(Style{}, dataText).append(nil, &t)
	if line = line[:len(line)-1]; len(line) > 500 {
		return string(line[:500]) + "..."
	}
	return string(line)
}

// laterLogs is what is to be said of the logs beside file, if that ends with what is kept
// of it.
func laterLogs(file string, kept txnlog.Part) []string {
	dir := &datadir.Dir{SnapDir: filepath.Dir(file), LogDir: filepath.Dir(file)}
	logs, err := dir.Logs()
	first, named := txnlog.ParseName(filepath.Base(file))
	if err != nil || !named {
		return nil
	}
	for _, l := range logs {
		if l.Zxid <= first {
			continue
		}
		if l.Zxid <= kept.Last+1 || l.Zxid>>32 != kept.Last>>32 && int32(l.Zxid) == 1 {
			return nil
		}
		text := fmt.Sprintf("%s does not follow any more: 0x%x comes after 0x%x", filepath.Base(l.Path), l.Zxid, kept.Last)
		if snap := needless(&txnlog.GapError{Before: l.Zxid}, snapshotsBeside(file)); snap != "" {
			return []string{text + ", which a start does not need, as " + filepath.Base(snap) + " is newer"}
		}
		return []string{text + ", and a start needs a snapshot of " + Hex(l.Zxid-1).String() + " or later, or has to be without the later logs"}
	}
	return nil
}
