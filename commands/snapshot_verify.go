package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/snapshot"
)

// verdict is what verify prints of a snapshot.
type verdict struct {
	File        string `json:"file"`
	OK          bool   `json:"ok"`
	Zxid        *Hex   `json:"zxid"` // of its name; null if that is none of a snapshot
	LastZxid    Hex    `json:"lastZxid"`
	Compression string `json:"compression,omitempty"` // gz or snappy
	Sessions    int    `json:"sessions"`
	ACLs        int    `json:"acls"` // in the table
	Znodes      int64  `json:"znodes"`
	// Digest is "agrees" or "differs"; "later" if replaying the log has to show it,
	// as for a snapshot that was written while transactions went on; "earlier" if it
	// is of before the snapshot, and "none" if there is none to compare: then it says
	// nothing; "unknown" while a file is so damaged that it was not reached.
	Digest   string            `json:"digest"`
	Faults   []snapshotFinding `json:"faults"`
	Warnings []snapshotFinding `json:"warnings"`
	More     int64             `json:"more,omitempty"` // faults and warnings that are not listed
}

// snapshotFinding is one thing that is wrong with a snapshot, or odd.
type snapshotFinding struct {
	Offset *int64 `json:"offset,omitempty"` // in the uncompressed snapshot
	Path   string `json:"path,omitempty"`   // of the znode
	After  string `json:"after,omitempty"`  // of the last znode that was read, where reading ended
	Reason string `json:"reason"`
}

// maxFindings is how many faults, and how many warnings, are listed.
const maxFindings = 100

func (v *verdict) Text(w io.Writer, s Style) {
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
		fmt.Fprintf(w, "%s: ok, %s, %s sessions, %s ACLs, last zxid %v, digest %s\n", file, znodes(s, v.Znodes),
			s.Count(int64(v.Sessions)), s.Count(int64(v.ACLs)), v.LastZxid, v.Digest)
	}
}

// text is such as ` at offset 12 (znode "/a"): the znode is there twice`.
func (f *snapshotFinding) text() string {
	text := ""
	if f.Offset != nil {
		text += fmt.Sprintf(" at offset %d", *f.Offset)
	}
	if f.Path != "" {
		text += fmt.Sprintf(" (znode %s)", printable(f.Path))
	}
	if f.After != "" {
		text += fmt.Sprintf(" (after znode %s)", printable(f.After))
	}
	return text + ": " + oneLine(f.Reason)
}

func (v *verdict) Row(s Style) ([]string, [][]string) {
	columns := []string{"file", "verdict", "znodes", "last zxid", "digest", "what"}
	row := func(word, what string) []string {
		return []string{printable(v.File), word, s.Count(v.Znodes), v.LastZxid.String(), v.Digest, what}
	}
	var rows [][]string
	for _, f := range v.Faults {
		rows = append(rows, row("damaged", strings.TrimLeft(f.text(), " :")))
	}
	for _, f := range v.Warnings {
		rows = append(rows, row("warning", strings.TrimLeft(f.text(), " :")))
	}
	if v.OK {
		rows = append(rows, row("ok", ""))
	}
	return columns, rows
}

func newSnapshotVerify(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE|DIR...",
		Short: "Check that snapshots are whole",
		Long: `Check snapshots, of a data directory all: the header, every checksum, that znodes come
once and after their parents, that their ACLs are in the table, and that the tree has the
digest that the snapshot says.

A snapshot that was written while transactions went on says a digest of later: then it
takes the log to tell (zook datadir). It may also have znodes whose ACL or session is newer
than its tables: that is a warning, as is what is odd but does not keep a server from
starting. The exit code is 9 if any snapshot is damaged.`,
		Example: `  zook snapshot verify /var/lib/zookeeper
  zook snapshot verify -o json snapshot.1f snapshot.2a.gz`,
		Args: args(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p := env.Printer(true)
			err := env.verifySnapshots(cmd, p, args)
			if cerr := p.Close(); err == nil {
				err = cerr
			}
			return err
		},
	}
}

// verifySnapshots checks all that args name. The worst of what it met is the error.
func (e *Env) verifySnapshots(cmd *cobra.Command, p *Printer, args []string) error {
	shown := e.progress("checked")
	defer shown.Finish()
	var worst error
	for _, arg := range args {
		files, err := snapshotsAt(arg)
		for _, file := range files {
			err := e.verifyOne(cmd.Context(), p, shown, file)
			if cmd.Context().Err() != nil {
				return err
			}
			if err != nil && !errors.Is(err, errDamaged) {
				err = e.reportAbove(cmd, p, err)
			}
			worst = worse(worst, err)
		}
		if err != nil {
			worst = worse(worst, e.reportAbove(cmd, p, err))
		}
	}
	return worst
}

// reportAbove reports an error after what has been printed.
func (e *Env) reportAbove(cmd *cobra.Command, p *Printer, err error) error {
	p.Flush()
	return e.report(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), err)
}

// worse is the error of two that says more: damage first.
func worse(a, b error) error {
	if a == nil || ExitCode(a) != ExitDamaged && ExitCode(b) == ExitDamaged {
		return b
	}
	return a
}

// snapshotsAt are the snapshots of a directory; a file is itself.
func snapshotsAt(arg string) ([]string, error) {
	st, err := os.Stat(arg)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return []string{arg}, nil
	}
	dir, err := findDataDir(arg)
	if err != nil {
		return nil, err
	}
	snaps, err := dir.Snapshots()
	if err != nil {
		return nil, err
	}
	if len(snaps) == 0 {
		return nil, fmt.Errorf("%s: there is no snapshot in it", dir.SnapDir)
	}
	var files []string
	for _, s := range snaps {
		files = append(files, s.Path)
	}
	return files, nil
}

// verifyOne checks a snapshot and prints the verdict. What kept it from reading is
// an error, damage one that has been told.
func (e *Env) verifyOne(ctx context.Context, p *Printer, shown *progress, file string) error {
	c := newSnapshotCheck(file)
	before, _ := os.Stat(file)
	err := c.check(ctx, shown)
	var corrupt *snapshot.CorruptError
	switch {
	case errors.As(err, &corrupt) && grows(ctx, file, before):
		return fmt.Errorf("%s: it is being written", file)
	case errors.As(err, &corrupt):
		c.Faults = append(c.Faults, snapshotFinding{&corrupt.Offset, "", corrupt.Path, corrupt.Reason})
	case err != nil:
		return err
	}
	c.OK = len(c.Faults) == 0
	if err := e.printAbove(p, &c.verdict); err != nil {
		return err
	}
	if !c.OK {
		return reportedError{fmt.Errorf("%s: %w", file, errDamaged)}
	}
	return nil
}

// grows reports whether a file that was written to lately is longer than it was, or
// becomes so in a moment: servers write a snapshot under its name.
func grows(ctx context.Context, file string, before os.FileInfo) bool {
	for range 3 {
		now, err := os.Stat(file)
		if before == nil || err != nil || time.Since(now.ModTime()) > 10*time.Second {
			return false
		}
		if now.Size() > before.Size() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return false
}
