package commands

import (
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

// logVerdict is what verify prints of a log.
type logVerdict struct {
	File         string       `json:"file"`
	OK           bool         `json:"ok"`
	Transactions int64        `json:"transactions"` // that could be read
	First        *Hex         `json:"firstZxid"`    // null if there are none
	Last         *Hex         `json:"lastZxid"`
	Used         int64        `json:"used"` // bytes up to where it ends, or cannot be read on
	Size         int64        `json:"size"` // bytes of the file: the rest is preallocated, torn or damaged
	Faults       []logFinding `json:"faults"`
	Warnings     []logFinding `json:"warnings"`
	More         int64        `json:"more,omitempty"` // faults and warnings that are not listed
}

// logFinding is one thing that is wrong with a log, or odd.
type logFinding struct {
	Offset int64  `json:"offset"`
	After  *Hex   `json:"lastGoodZxid"` // null if no transaction is before it
	Reason string `json:"reason"`
	Advice string `json:"advice,omitempty"` // what to do
}

func (v *logVerdict) Text(w io.Writer, s Style) {
	file := printable(v.File)
	for _, f := range v.Faults {
		fmt.Fprintf(w, "%s: %s%s\n", file, s.Paint("damaged", red), f.text())
	}
	for _, f := range v.Warnings {
		fmt.Fprintf(w, "%s: %s%s\n", file, s.Paint("warning", yellow), f.text())
	}
	if v.More > 0 {
		fmt.Fprintf(w, "%s: and %s more\n", file, s.Count(v.More))
	}
	if v.OK {
		fmt.Fprintf(w, "%s: ok, %s\n", file, v.holds(s))
	}
}

// holds is such as "2 transactions, 0x1..0x2".
func (v *logVerdict) holds(s Style) string {
	switch v.Transactions {
	case 0:
		return "no transactions"
	case 1:
		return "1 transaction, " + v.First.String()
	}
	return fmt.Sprintf("%s transactions, %v..%v", s.Count(v.Transactions), v.First, v.Last)
}

// text is such as " at offset 65 (last good zxid 0x1): the reason: what to do".
func (f *logFinding) text() string {
	last := "no transaction before it"
	if f.After != nil {
		last = "last good zxid " + f.After.String()
	}
	text := fmt.Sprintf(" at offset %d (%s): %s", f.Offset, last, oneLine(f.Reason))
	if f.Advice != "" {
		text += ": " + printable(f.Advice)
	}
	return text
}

func (v *logVerdict) Row(s Style) ([]string, [][]string) {
	row := func(word, what string) []string {
		return []string{printable(v.File), word, s.Count(v.Transactions), what}
	}
	var rows [][]string
	for _, f := range v.Faults {
		rows = append(rows, row("damaged", f.text()[1:]))
	}
	for _, f := range v.Warnings {
		rows = append(rows, row("warning", f.text()[1:]))
	}
	if v.OK {
		rows = append(rows, row("ok", v.holds(s)))
	}
	return verifyColumns, rows
}

var verifyColumns = []string{"file", "verdict", "transactions", "what"}

func newTxnlogVerify(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [FILE|DIR...]",
		Short: "Check that logs are whole and add up",
		Long: `Check logs: every checksum, that transactions follow each other without a gap, within a
log and from one to the next, that each can be decoded, and that the names of logs are the
zxids of their first transactions. Transactions that are missing are a fault unless a
snapshot beside the logs is newer. It is a warning if clocks went back.

Of a directory all logs are checked, and then replayed behind its oldest snapshot, or from
the first transaction on: the tree has to have the digests that the transactions say
(since ZooKeeper 3.6). What a crash left of a last transaction is a warning there, as a
server starts without it; of a file that is named it is a fault, unless the file is being
written. Without arguments it is the directory of --data-dir, which may be a zoo.cfg with
two directories. A file may be packed by gzip.

Each line names file, offset and the last good zxid. The exit code is 9 if there is a
fault.`,
		Example: `  zook txnlog verify /var/lib/zookeeper
  zook txnlog verify -o jsonl log.1f00000001 log.1f000186a1.gz
  zook --data-dir /etc/zookeeper/zoo.cfg txnlog verify`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p := env.Printer(true)
			v := &logVerifier{env: env, cmd: cmd, printer: p}
			err := v.verify(args)
			if cerr := p.Close(); err == nil {
				err = cerr
			}
			return err
		},
	}
}

// logVerifier is a verify that runs.
type logVerifier struct {
	env     *Env
	cmd     *cobra.Command
	printer *Printer
	worst   error
}

// verify checks all that args name. The worst of what it met is the error.
func (v *logVerifier) verify(args []string) error {
	var dirs []*datadir.Dir
	var files []string
	if len(args) == 0 {
		dir, err := v.env.dataDir()
		if err != nil {
			return err
		}
		dirs = append(dirs, dir)
	}
	for _, arg := range args {
		st, err := os.Stat(arg)
		switch {
		case err != nil:
			v.report(err)
		case st.IsDir():
			dir, err := datadir.Find(arg)
			if err != nil {
				v.report(err)
				continue
			}
			dirs = append(dirs, dir)
		default:
			files = append(files, arg)
		}
	}
	if err := v.verifyFiles(files); err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := v.verifyDir(dir); err != nil {
			return err
		}
	}
	return v.worst
}

func (v *logVerifier) report(err error) {
	v.worst = worse(v.worst, v.env.reportAbove(v.cmd, v.printer, err))
}

// verifyFiles checks logs that are named, as what one server wrote.
func (v *logVerifier) verifyFiles(files []string) error {
	files, err := txnlog.Files(files...)
	if err != nil {
		v.report(err)
		return nil
	}
	c := logCheck{ctx: v.cmd.Context(), shown: v.progress(files)}
	defer c.shown.Finish()
	for _, file := range files {
		c.snaps = snapshotsBeside(file)
		if err := v.check(&c, file); err != nil {
			return err
		}
	}
	return nil
}

// verifyDir checks the logs of a directory, and replays them.
func (v *logVerifier) verifyDir(dir *datadir.Dir) error {
	logs, err := dir.Logs()
	if err == nil && len(logs) == 0 {
		err = fmt.Errorf("%s: there is no transaction log in it", dir.LogDir)
	}
	if err != nil {
		v.report(err)
		return nil
	}
	snaps, err := dir.Snapshots()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.report(err)
	}
	var files []string
	for _, l := range logs {
		files = append(files, l.Path)
	}
	c := logCheck{ctx: v.cmd.Context(), snaps: snaps, dir: true}
	if err := v.verifyLogs(&c, files); err != nil {
		return err
	}
	r := replayVerdict{Dir: dir.LogDir}
	c.shown = v.env.progress("replayed")
	err = r.replay(dir, &c)
	c.shown.Finish()
	if err != nil {
		return err
	}
	return v.print(&r, r.OK)
}

// verifyLogs checks the logs of a directory.
func (v *logVerifier) verifyLogs(c *logCheck, files []string) error {
	c.shown = v.progress(files)
	defer c.shown.Finish()
	for i, file := range files {
		c.newest = i == len(files)-1
		if err := v.check(c, file); err != nil {
			return err
		}
	}
	return nil
}

// progress is that of reading files.
func (v *logVerifier) progress(files []string) *progress {
	p := v.env.progress("bytes checked:")
	for _, file := range files {
		if st, err := os.Stat(file); err == nil {
			p.total.Add(st.Size())
		}
	}
	return p
}

// check checks one log and prints the verdict. Its error is of what ends all.
func (v *logVerifier) check(c *logCheck, file string) error {
	verdict, err := c.check(file)
	switch {
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	case errors.Is(err, fs.ErrNotExist) && c.dir: // purged meanwhile
		return nil
	case err != nil:
		c.damaged = true
		v.report(err)
		return nil
	}
	return v.print(verdict, verdict.OK)
}

func (v *logVerifier) print(item Item, ok bool) error {
	if !ok {
		v.worst = worse(v.worst, reportedError{errDamaged})
	}
	return v.env.printAbove(v.printer, item)
}

// snapshotsBeside are the snapshots in the directory of a log.
func snapshotsBeside(file string) []datadir.File {
	dir := filepath.Dir(file)
	snaps, _ := (&datadir.Dir{SnapDir: dir, LogDir: dir}).Snapshots()
	return snaps
}

// needless is the newest snapshot, if it makes up for transactions that are missing; ""
// if none does.
func needless(gap *txnlog.GapError, snaps []datadir.File) string {
	if n := len(snaps); n > 0 && snaps[n-1].Zxid >= gap.Before-1 {
		return snaps[n-1].Path
	}
	return ""
}
