package commands

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// txnStats is what txnlog stats prints of logs.
type txnStats struct {
	Files        []logStats `json:"files"`
	Complete     bool       `json:"complete"` // no log is damaged or torn
	Transactions int64      `json:"transactions"`
	Damaged      int64      `json:"damaged"`   // transactions with a wrong checksum, which are not counted
	Bytes        int64      `json:"bytes"`     // of the logs that are used
	DataBytes    int64      `json:"dataBytes"` // that were written to znodes

	FirstZxid *Hex  `json:"firstZxid"`
	LastZxid  *Hex  `json:"lastZxid"`
	Epochs    int64 `json:"epochs"`

	FirstTime *Time         `json:"firstTime"`
	LastTime  *Time         `json:"lastTime"`
	PerSecond float64       `json:"perSecond"` // on average
	Busiest   []secondStats `json:"busiestSeconds"`

	Types    []typeStats   `json:"types"`
	Prefixes []pathStats   `json:"prefixes"`
	Hottest  []pathStats   `json:"hottest"`
	Largest  []writeStats  `json:"largest"`
	Refused  refusedStats  `json:"refused"`
	Sessions sessionsStats `json:"sessions"`
	Gaps     gapStats      `json:"gaps"`
	Unsorted unsortedStats `json:"outOfOrder"`
	Back     timeBackwards `json:"timeBackwards"`
}

// logStats is one log.
type logStats struct {
	File         string `json:"file"`
	Transactions int64  `json:"transactions"`
	FirstZxid    *Hex   `json:"firstZxid"`
	LastZxid     *Hex   `json:"lastZxid"`
	Size         int64  `json:"size"`         // of the file
	Used         int64  `json:"used"`         // up to the end of the last transaction; unpacked if the file is packed
	Preallocated int64  `json:"preallocated"` // what is behind
}

type secondStats struct {
	Time         Time  `json:"time"`
	Transactions int64 `json:"transactions"`
}

type typeStats struct {
	Type         string `json:"type"`
	Transactions int64  `json:"transactions"`
	Parts        int64  `json:"parts"` // of multis that went through
	Bytes        int64  `json:"bytes"` // of the transactions
}

// pathStats is what was done to a path, or at and below it. Changes may be too low
// by Missed, where there were too many paths to remember.
type pathStats struct {
	Path    string `json:"path"`
	Changes int64  `json:"changes"`
	Missed  int64  `json:"missed,omitempty"`
	Bytes   int64  `json:"bytes"` // of data
}

type writeStats struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	Type  string `json:"type"`
	Zxid  Hex    `json:"zxid"`
	Time  Time   `json:"time"`
}

// refusedStats are requests that a server refused, and took a zxid for.
type refusedStats struct {
	Transactions int64      `json:"transactions"` // multis among them
	Multis       int64      `json:"multis"`
	Errors       []errStats `json:"errors"`
}

type errStats struct {
	Err   int32  `json:"err"`
	Error string `json:"error"`
	Count int64  `json:"count"`
}

type sessionsStats struct {
	Opened  int64          `json:"opened"`
	Closed  int64          `json:"closed"`  // by their clients
	Expired int64          `json:"expired"` // closed by the server
	Open    int64          `json:"open"`    // when the logs end
	Before  int64          `json:"before"`  // opened before the logs begin
	Busiest []sessionStats `json:"busiest"`
}

type sessionStats struct {
	Session      Hex   `json:"session"`
	Transactions int64 `json:"transactions"`
	Missed       int64 `json:"missed,omitempty"` // as of paths
	Bytes        int64 `json:"bytes"`            // of data
}

// gapStats are zxids that are missing.
type gapStats struct {
	Count   int64     `json:"count"`
	Missing int64     `json:"missing"` // zxids
	Largest []zxidGap `json:"largest"`
}

// zxidGap is between two zxids, which are there; After is before the first one of an
// epoch if that is missing.
type zxidGap struct {
	After   Hex   `json:"after"`
	Before  Hex   `json:"before"`
	Missing int64 `json:"missing"`
}

// unsortedStats are transactions whose zxid is not above the one before.
type unsortedStats struct {
	Count int64 `json:"count"`
	First *Hex  `json:"first"`
}

// timeBackwards are transactions with a time before that of the one before: a
// leader's clock was set, or the next leader's is behind.
type timeBackwards struct {
	Count int64 `json:"count"`
	Most  int64 `json:"most"` // milliseconds
	Zxid  *Hex  `json:"zxid"` // where it was that
}

func newTxnlogStats(env *Env) *cobra.Command {
	var most, depth int
	cmd := &cobra.Command{
		Use:   "stats [FILE|DIR...]",
		Short: "Sum up logs: types, paths, sessions, rates, errors, gaps",
		Long: `Sum up the transactions of logs: how many of which type; which trees (to --depth names),
znodes and sessions have most; the busiest seconds and the largest writes; requests that
were refused; sessions opened, closed by their clients, expired, and still open; zxids that
are missing; how much of each log is used, and how much is allocated ahead.

A zxid is missing if the one before it is of the same epoch and not one less, or if an
epoch begins with another than the first. A server that was sent a snapshot instead of
transactions has such a gap. Changes are creates, deletes, data and ACLs set, ephemerals
that went with their session among them; those of a refused multi are not.

Memory is bounded: of more than 65,536 paths, trees or sessions the rarest are forgotten,
and the counts of the others may be too low by a number that is shown.

For a program a line is what, a number, and what it is of, with tabs between; or one JSON
object with -o json. If a log is damaged, what could be read is summed up, a line says
where, and the exit code is 9.`,
		Example: `  zook txnlog stats /var/lib/zookeeper
  zook txnlog stats --depth 3 -n 20 log.1f00000001
  zook txnlog stats -o json log.* | jq '.sessions.busiest[0]'`,
		Args: args(0, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case most < 0:
				return usagef("-n: a number of lines is 0 or more")
			case depth < 1:
				return usagef("--depth: a depth is 1 or more")
			}
			files, err := env.txnlogs(cmd, args)
			if err != nil {
				return err
			}
			return env.txnStats(cmd, files, newTxnCounter(most, depth))
		},
	}
	f := cmd.Flags()
	f.IntVarP(&most, "top", "n", 10, "list so `many` of the hottest, largest, busiest ...")
	f.IntVarP(&depth, "depth", "d", 2, "sum up trees to this `depth`")
	return cmd
}

// txnStats prints what c counts in the files.
func (e *Env) txnStats(cmd *cobra.Command, files []string, c *txnCounter) error {
	shown := e.progress("read")
	var first error
	report := func(err error) {
		if err = e.report(calledAs(cmd), err); first == nil {
			first = err
		}
	}
	var bad badTxns
	var logs []logStats
	// One worker: each transaction is seen behind the one before.
	scan := &txnScan{files: files, filter: &txnFilter{}, workers: 1, format: func() func([]byte, *loggedTxn) []byte { return c.add }}
	err := scan.run(cmd.Context(), func(b *txnBatch) error {
		shown.done.Add(int64(b.seen))
		bad.add(b.bad)
		if !b.last {
			return nil
		}
		logs = append(logs, sizes(b.file, b.whole))
		if bad.count > 0 {
			report(bad.err(b.file))
			bad = badTxns{}
		}
		if b.err != nil {
			report(b.err)
		}
		return nil
	})
	shown.Finish()
	if err != nil {
		return fmt.Errorf("%w after %d transactions", err, shown.done.Load())
	}
	s := c.stats(logs)
	s.Complete = first == nil
	if err := e.print(s); err != nil {
		return err
	}
	return first
}

// sizes is what is known of a log from its size and from where its transactions end.
func sizes(file string, used int64) logStats {
	l := logStats{File: file, Used: used}
	if st, err := os.Stat(file); err == nil {
		l.Size = st.Size()
		l.Preallocated = max(0, l.Size-used)
	}
	return l
}
