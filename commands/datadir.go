package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/spf13/cobra"

	"zook/datadir"
	"zook/txnlog"
)

// dirReport is what datadir prints.
type dirReport struct {
	Dir       string         `json:"dir"`    // where the snapshots are
	LogDir    string         `json:"logDir"` // and the logs
	Snapshots []snapshotFile `json:"snapshots"`
	Logs      []logFile      `json:"logs"`
	Covered   []span         `json:"covered"` // the moments of which the tree is known
	Missing   []span         `json:"missing"` // transactions between those of the logs
	Start     start          `json:"start"`
	Purge     purge          `json:"purge"`
}

type snapshotFile struct {
	Name     string `json:"name"`
	State    string `json:"state"`
	Zxid     Hex    `json:"zxid"`     // when it was begun
	Complete *Hex   `json:"complete"` // when it had been written: it serves from here on; null if it is damaged
	Time     *Time  `json:"time"`     // of the youngest change in it
	Size     int64  `json:"size"`
	Znodes   int    `json:"znodes"` // up to the damage, if there is any
	Sessions int    `json:"sessions"`
	Error    string `json:"error,omitempty"`
}

type logFile struct {
	Name         string `json:"name"`
	State        string `json:"state"`
	First        *point `json:"first"` // null if there is no transaction
	Last         *point `json:"last"`
	Size         int64  `json:"size"`
	Used         int64  `json:"used"` // the rest is preallocated, torn or damaged
	Transactions int    `json:"transactions"`
	Error        string `json:"error,omitempty"`
}

type point struct {
	Zxid Hex   `json:"zxid"`
	Time *Time `json:"time"`
}

type span struct {
	From point `json:"from"`
	To   point `json:"to"`
}

// start is what a server makes of the directory.
type start struct {
	OK       bool     `json:"ok"`
	Snapshot string   `json:"snapshot,omitempty"` // that it loads
	Logs     []string `json:"logs"`               // that it reads behind it
	Last     *point   `json:"last"`
	Znodes   int64    `json:"znodes"`
	Sessions int      `json:"sessions"`
	Replayed int      `json:"replayed"` // transactions of the logs
	Warnings []string `json:"warnings"`
	Error    string   `json:"error,omitempty"`
}

// purge is what Apache's autopurge would do.
type purge struct {
	Retain  int      `json:"retain"`
	Files   []string `json:"files"` // that it removes
	Bytes   int64    `json:"bytes"`
	Covered []span   `json:"covered"` // then
}

// States of files.
const (
	stateWhole   = "whole"
	stateTorn    = "torn" // or being written
	stateDamaged = "damaged"
	stateUnread  = "unreadable"
)

func stateOf(err error) string {
	var log *txnlog.CorruptError
	switch {
	case err == nil:
		return stateWhole
	case errors.As(err, &log) && log.Torn:
		return stateTorn
	case isDamage(err):
		return stateDamaged
	}
	return stateUnread
}

func newDatadir(env *Env) *cobra.Command {
	var verify bool
	var retain int
	cmd := &cobra.Command{
		Use:   "datadir [DIR]",
		Short: "Show what is in a data directory and what a server would make of it",
		Long: `Read every file of a data directory, or of the two that a zoo.cfg names, and show:

  files     snapshots and logs with their zxids, times and sizes. A snapshot is written
            while the tree changes: it serves from the zxid on at which it was complete.
            A log is torn if its end is, by a crash or because a server is writing it.
  covered   the moments of which the tree is known, for --at
  missing   transactions between those that the logs have
  start     what a server would load, and whether it can: the tree is made, and compared
            with the digests of the snapshot and the logs
  purge     what Apache's autopurge removes to keep --retain snapshots

--verify makes the tree of the oldest snapshot too, with all transactions behind it, and
compares the two. Nothing is changed, and a server may be running. The exit code is 9 if
files are so damaged that a server cannot start, and with --verify if any is damaged, if
transactions are missing, or if the trees differ.`,
		Example: `  zook datadir /var/lib/zookeeper
  zook datadir /etc/zookeeper/conf/zoo.cfg --retain 5
  zook datadir -o json . | jq .covered`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if retain < 3 {
				return usagef("--retain: Apache keeps at least 3 snapshots")
			}
			switch {
			case len(args) == 1 && env.Offline():
				return usagef("DIR and --data-dir are the same: one of them is enough")
			case env.Files.At != (moment{}):
				return usagef("--at is for the znodes of one moment, and this shows the files of all")
			}
			dir, err := env.dataDir()
			if len(args) == 1 {
				dir, err = findDataDir(args[0])
			}
			if err != nil {
				return err
			}
			r, failure := env.examine(cmd.Context(), dir, retain, verify)
			if r == nil {
				return failure
			}
			if err := env.print(r); err != nil {
				return err
			}
			return failure
		},
	}
	f := cmd.Flags()
	f.BoolVar(&verify, "verify", false, "apply every transaction and compare every digest")
	f.IntVar(&retain, "retain", 3, "how many snapshots purge keeps")
	return cmd
}

// examine reads the files. The error is why a server does not start from them; without a
// report, why they could not be read.
func (e *Env) examine(ctx context.Context, dir *datadir.Dir, retain int, verify bool) (*dirReport, error) {
	shown := e.progress("read")
	defer shown.Finish()
	s, err := dir.Survey(ctx, &shown.done)
	if err != nil {
		return nil, err
	}
	r := newDirReport(dir, s)
	st, failure := dir.Load(ctx, &shown.done)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r.Start = newStart(st, failure)
	if r.Purge, err = newPurge(dir, s, retain); err != nil {
		return nil, err
	}
	if verify && failure == nil {
		if failure = firstFault(s); failure == nil {
			failure = compareReplay(ctx, dir, st, &shown.done)
		}
	}
	return r, failure
}

func newDirReport(dir *datadir.Dir, s *datadir.Survey) *dirReport {
	r := &dirReport{Dir: dir.SnapDir, LogDir: dir.LogDir, Snapshots: []snapshotFile{}, Logs: []logFile{},
		Covered: spansOf(s.Covered), Missing: spansOf(s.Missing)}
	for _, f := range s.Snapshots {
		info := snapshotFile{Name: filepath.Base(f.Path), State: stateOf(f.Err), Zxid: Hex(f.Zxid),
			Time: timeOf(f.Time), Size: f.Size, Znodes: f.Znodes, Sessions: f.Sessions}
		if f.Err != nil {
			info.Error = f.Err.Error()
		} else {
			info.Complete = (*Hex)(&f.Settled)
		}
		r.Snapshots = append(r.Snapshots, info)
	}
	for _, f := range s.Logs {
		info := logFile{Name: filepath.Base(f.Path), State: stateOf(f.Err), Size: f.Size, Used: f.Used, Transactions: f.Txns}
		if f.Txns > 0 {
			info.First, info.Last = pointOf(f.First), pointOf(f.Last)
		}
		if f.Err != nil {
			info.Error = f.Err.Error()
		}
		r.Logs = append(r.Logs, info)
	}
	return r
}

func newStart(st *datadir.State, failure error) start {
	s := start{OK: failure == nil, Logs: []string{}, Warnings: []string{}}
	if failure != nil {
		s.Error = failure.Error()
		return s
	}
	if st.Snapshot != nil {
		s.Snapshot = filepath.Base(st.Snapshot.Path)
	} else if len(st.Logs) > 0 {
		s.Warnings = append(s.Warnings, "there is no snapshot: Apache ZooKeeper does not start on logs alone")
	}
	for _, f := range st.Logs {
		s.Logs = append(s.Logs, filepath.Base(f.Path))
	}
	s.Last = pointOf(datadir.Point{Zxid: st.Tree.LastZxid(), Time: st.Time})
	s.Znodes, s.Sessions, s.Replayed = int64(st.Tree.Counts().Znodes), len(st.Sessions), st.Replayed
	s.Warnings = append(s.Warnings, st.Warnings...)
	return s
}

func newPurge(dir *datadir.Dir, s *datadir.Survey, retain int) (purge, error) {
	gone, err := dir.Purge(retain)
	p := purge{Retain: retain, Files: []string{}, Covered: spansOf(s.Without(gone).Covered)}
	for _, f := range gone {
		p.Files = append(p.Files, filepath.Base(f.Path))
		if st, err := os.Stat(f.Path); err == nil {
			p.Bytes += st.Size()
		}
	}
	return p, err
}

// firstFault is what a survey has found wrong; a torn end is not.
func firstFault(s *datadir.Survey) error {
	for _, f := range s.Snapshots {
		if f.Err != nil {
			return f.Err
		}
	}
	for _, f := range s.Logs {
		if f.Err != nil && stateOf(f.Err) != stateTorn {
			return f.Err
		}
	}
	if len(s.Missing) > 0 {
		m := s.Missing[0]
		return fmt.Errorf("%w: the transactions %v to %v are missing", errDamaged, Hex(m.From.Zxid), Hex(m.To.Zxid))
	}
	return nil
}

// compareReplay makes the tree once more, of everything, and compares it with st.
func compareReplay(ctx context.Context, dir *datadir.Dir, st *datadir.State, progress *atomic.Int64) error {
	if st.Fuzzy != 0 { // nothing to compare with
		return nil
	}
	all, err := dir.Replay(ctx, st.Tree.LastZxid(), progress) // a server may have gone on
	if err != nil {
		return err
	}
	got, _ := all.Tree.Digest()
	if want, _ := st.Tree.Digest(); got != want {
		return fmt.Errorf("%w: the newest snapshot and what follows make another tree than the oldest one, digest %#x and not %#x",
			errDamaged, uint64(want), uint64(got))
	}
	return nil
}

func timeOf(ms int64) *Time {
	if ms == 0 {
		return nil
	}
	t := Time(ms)
	return &t
}

func pointOf(p datadir.Point) *point { return &point{Hex(p.Zxid), timeOf(p.Time)} }

func spansOf(spans []datadir.Span) []span {
	out := []span{}
	for _, s := range spans {
		out = append(out, span{*pointOf(s.From), *pointOf(s.To)})
	}
	return out
}
