package commands

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/snapshot"
)

// examineFiles reads the snapshots and logs as a start would, and what else there is.
func (d *doctor) examineFiles(ctx context.Context) error {
	dir := datadir.Open(d.cfg.DataDir, d.cfg.DataLogDir)
	if !exists(dir.SnapDir) || !exists(dir.LogDir) {
		return nil
	}
	p := d.env.progress("reading " + dir.SnapDir)
	defer p.Finish()
	survey, err := dir.Survey(ctx, &p.done)
	if err != nil {
		return d.unread(ctx, dir.SnapDir, err)
	}
	d.examineSnapshots(survey)
	d.examineLogs(survey)
	d.examinePurge(survey)
	d.examineTimes(survey)
	if len(survey.Snapshots)+len(survey.Logs) == 0 {
		return nil
	}
	if len(survey.Snapshots) == 0 && !d.cfg.TrustEmptySnapshot {
		d.say(isError, dir.LogDir, "find the snapshots; snapshot.trust.empty=true starts without", "there are logs and no snapshot")
		return nil
	}
	state, err := dir.Load(ctx, &p.done)
	if err != nil {
		return d.unread(ctx, dir.SnapDir, err)
	}
	for _, doubt := range state.Doubts {
		d.say(isError, dir.SnapDir, "look with zook datadir --verify", "%s", doubt)
	}
	d.examineTree(state)
	return nil
}

// unread tells that a server could not read its files.
func (d *doctor) unread(ctx context.Context, dir string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	do := ""
	if isDamage(err) {
		d.damage, do = err, "zook datadir shows what is left, and zook txnlog repair what can be done"
	}
	var path *os.PathError
	if errors.As(err, &path) {
		d.say(isError, path.Path, "", "%s", plainReason(err))
		return nil
	}
	d.say(isError, dir, do, "a server does not start: %v", err)
	return nil
}

// examineSnapshots tells of snapshots that do not serve.
func (d *doctor) examineSnapshots(s *datadir.Survey) {
	for i, snap := range s.Snapshots {
		newest := i == len(s.Snapshots)-1
		var corrupt *snapshot.CorruptError
		switch {
		case errors.As(snap.Err, &corrupt) && newest:
			d.say(isWarning, snap.Path, "look with zook snapshot verify", "the newest snapshot is damaged, and one before it is taken: %s", corrupt.Reason)
		case errors.As(snap.Err, &corrupt):
			d.say(isNote, snap.Path, "remove it", "it is damaged: %s", corrupt.Reason)
		case snap.Err != nil:
			d.say(isWarning, snap.Path, "", "%s", plainReason(snap.Err))
		case !isCovered(s, snap.Settled) && newest:
			d.say(isError, snap.Path, "find the log", "it was written while the tree changed, up to %v, and no log has that", Hex(snap.Settled))
		case !isCovered(s, snap.Settled):
			d.say(isNote, snap.Path, "remove it", "it needs transactions up to %v, which no log has", Hex(snap.Settled))
		}
	}
}

func isCovered(s *datadir.Survey, zxid int64) bool {
	for _, span := range s.Covered {
		if span.From.Zxid <= zxid && zxid <= span.To.Zxid {
			return true
		}
	}
	return false
}

// examineLogs tells of damage and of gaps. What is behind the newest snapshot a start
// tells of itself.
func (d *doctor) examineLogs(s *datadir.Survey) {
	for i, l := range s.Logs {
		switch state := stateOf(l.Err); {
		case l.Err == nil:
		case state == stateTorn && i == len(s.Logs)-1: // as after a crash, or of a server that runs
		case state == stateTorn, state == stateDamaged:
			d.say(isWarning, l.Path, "look with zook txnlog verify", "it is %s behind %v", state, Hex(l.Last.Zxid))
		default:
			d.say(isWarning, l.Path, "", "%s", plainReason(l.Err))
		}
	}
	newest := int64(-1)
	for _, snap := range s.Snapshots {
		if snap.Err == nil {
			newest = snap.Zxid
		}
	}
	for _, gap := range s.Missing {
		if gap.To.Zxid <= newest {
			d.say(isNote, d.cfg.DataLogDir, "", "the transactions %v to %v are in no log; a start does not need them", Hex(gap.From.Zxid), Hex(gap.To.Zxid))
		} else {
			d.say(isError, d.cfg.DataLogDir, "find the log", "the transactions %v to %v are in no log", Hex(gap.From.Zxid), Hex(gap.To.Zxid))
		}
	}
}

// manySnapshots is more than anybody looks at again.
const manySnapshots = 20

func (d *doctor) examinePurge(s *datadir.Survey) {
	if n := len(s.Snapshots); n > manySnapshots && d.cfg.PurgeInterval == 0 {
		size := int64(0)
		for _, snap := range s.Snapshots {
			size += snap.Size
		}
		for _, l := range s.Logs {
			size += l.Used
		}
		d.say(isWarning, d.cfg.DataDir, "set autopurge.purgeInterval=1", "nobody removes old files: %d snapshots, %s with the logs", n, Style{Terminal: true}.Size(size))
	}
}

// tolerance is by how much clocks may differ without a word.
const tolerance = time.Minute

// examineTimes compares the clock with the files and what is in them.
func (d *doctor) examineTimes(s *datadir.Survey) {
	for i := len(s.Logs) - 1; i >= 0; i-- {
		if last := s.Logs[i].Last; last.Zxid != 0 {
			if ahead := time.UnixMilli(last.Time).Sub(d.now); ahead > tolerance {
				d.say(isError, s.Logs[i].Path, "set the clock", "its last transaction is %v ahead of the clock of this machine", ahead.Round(time.Second))
			}
			break
		}
	}
	for _, file := range newestFiles(s) {
		if st, err := os.Stat(file); err == nil && st.ModTime().Sub(d.now) > tolerance {
			d.say(isWarning, file, "set the clock", "the file is from the future: it was changed at %v", Time(st.ModTime().UnixMilli()))
		}
	}
}

func newestFiles(s *datadir.Survey) (files []string) {
	if n := len(s.Snapshots); n > 0 {
		files = append(files, s.Snapshots[n-1].Path)
	}
	if n := len(s.Logs); n > 0 {
		files = append(files, s.Logs[n-1].Path)
	}
	return files
}

// examineTree looks at what a server would begin with.
func (d *doctor) examineTree(state *datadir.State) {
	last := state.Tree.LastZxid()
	if counter := uint32(last); counter > 0xf0000000 {
		d.say(isWarning, d.cfg.DataDir, "an ensemble elects a leader then; a restart of a server alone changes nothing",
			"the counter of the last zxid, 0x%x, is near its end", uint64(last))
	}
	largest, path := 0, ""
	state.Tree.Export().Walk(func(p string, n datatree.Node) error { // which cannot fail
		if size := len(n.Data) + len(p); size > largest {
			largest, path = size, p
		}
		return nil
	})
	if largest > d.cfg.MaxFrame {
		d.say(isWarning, d.file.Path, "set a larger one", "jute.maxbuffer is %d, and %s with its data has %d bytes: nobody can write that again", d.cfg.MaxFrame, path, largest)
	}
	for _, name := range []string{"currentEpoch", "acceptedEpoch"} {
		d.examineEpoch(filepath.Join(d.cfg.DataDir, "version-2", name), last>>32)
	}
}

// examineEpoch looks at the epoch that a member of an ensemble remembers. Only ensembles
// mind it.
func (d *doctor) examineEpoch(file string, epoch int64) {
	b, err := os.ReadFile(file)
	if err != nil {
		return
	}
	n, err := parseEpoch(b)
	switch {
	case err != nil:
		d.say(isWarning, file, "", "%q is no epoch: a member of an ensemble does not start", firstLine(b))
	case n < epoch:
		d.say(isWarning, file, "", "it says epoch %d, and the last zxid is of epoch %d: a member of an ensemble does not start", n, epoch)
	}
}
