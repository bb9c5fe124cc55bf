package commands

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"
)

// What can have happened to a znode between two trees.
const (
	wasAdded   = "added"
	wasRemoved = "removed"
	wasChanged = "changed"
)

var changeKinds = []string{wasAdded, wasRemoved, wasChanged}

// znodeDiff is what diff prints of a znode.
type znodeDiff struct {
	Path   string      `json:"path"`
	Change string      `json:"change"`           // added, removed or changed
	Fields []string    `json:"fields,omitempty"` // in which it changed
	Before *znodeState `json:"before,omitempty"`
	After  *znodeState `json:"after,omitempty"`

	diff *foundDiff
	tree *treeDiff
}

// znodeState is a znode of one of the trees.
type znodeState struct {
	Kind       string     `json:"kind"`
	Owner      *Hex       `json:"ephemeralOwner,omitempty"`
	TTL        int64      `json:"ttl,omitempty"` // milliseconds
	DataLength *int32     `json:"dataLength"`    // null if there is none
	ACL        []aclEntry `json:"acl"`
	Czxid      Hex        `json:"czxid"`
	Mzxid      Hex        `json:"mzxid"`
	Pzxid      Hex        `json:"pzxid"`
	Ctime      Time       `json:"ctime"`
	Mtime      Time       `json:"mtime"`
	Version    int32      `json:"version"`
	Cversion   int32      `json:"cversion"` // children created
	Aversion   int32      `json:"aversion"`
	*diffData
}

// diffData is the data of a znode, if it was asked for.
type diffData struct {
	Data   *string `json:"data"`                 // if it is UTF-8; null if the znode has none
	Base64 []byte  `json:"dataBase64,omitempty"` // if it is not
}

func (t *treeDiff) item(d *foundDiff) *znodeDiff {
	item := &znodeDiff{Path: d.path, Change: wasChanged, Fields: d.fields.names(), Before: t.state(d.before, d.old), After: t.state(d.after, d.new), diff: d, tree: t}
	switch {
	case d.before == nil:
		item.Change = wasAdded
	case d.after == nil:
		item.Change = wasRemoved
	}
	return item
}

func (t *treeDiff) state(r *savedRecord, data []byte) *znodeState {
	if r == nil {
		return nil
	}
	s := &znodeState{ACL: newACLList("", t.acls[r.acl]).ACL, Czxid: Hex(r.stat.Czxid), Mzxid: Hex(r.stat.Mzxid), Pzxid: Hex(r.stat.Pzxid),
		Ctime: Time(r.stat.Ctime), Mtime: Time(r.stat.Mtime), Version: r.stat.Version, Cversion: r.stat.Cversion, Aversion: r.stat.Aversion}
	if s.Kind, s.TTL = kindOf(r.stat.EphemeralOwner); s.Kind == "ephemeral" {
		owner := Hex(r.stat.EphemeralOwner)
		s.Owner = &owner
	}
	if r.size >= 0 {
		s.DataLength = &r.size
	}
	if t.data {
		c := newContent("", data)
		s.diffData = &diffData{c.Data, c.Base64}
	}
	return s
}

// signs stand for the changes where eyes look, and their colours.
var signs = map[string]struct {
	sign  string
	color color.Attribute
}{wasAdded: {"+", color.FgGreen}, wasRemoved: {"-", red}, wasChanged: {"~", yellow}}

func (z *znodeDiff) Text(w io.Writer, s Style) {
	if s.Terminal {
		sign := signs[z.Change]
		fmt.Fprintf(w, "%s  %s\n", s.Paint(sign.sign+" "+printable(z.Path), sign.color), z.details(s))
	} else {
		fmt.Fprintf(w, "%s\t%s\t%s\n", z.Change, printable(z.Path), z.details(s))
	}
	if z.tree.data {
		z.writeData(w, s)
	}
}

// details are the size of what was added or removed, and of what changed "data 3 bytes
// -> 5 bytes, version 1 -> 2".
func (z *znodeDiff) details(s Style) string {
	d, t := z.diff, z.tree
	switch z.Change {
	case wasAdded:
		return diffFields[0].text(d.after, t, s)
	case wasRemoved:
		return diffFields[0].text(d.before, t, s)
	}
	var parts []string
	for i := range diffFields {
		if f := &diffFields[i]; d.fields&(1<<i) != 0 {
			parts = append(parts, f.name+" "+printable(f.text(d.before, t, s))+" -> "+printable(f.text(d.after, t, s)))
		}
	}
	return strings.Join(parts, ", ")
}

// writeData writes how the data differs, a line each, if it is text.
func (z *znodeDiff) writeData(w io.Writer, s Style) {
	old, now := z.diff.old, z.diff.new
	if bytes.Equal(old, now) {
		return
	}
	if !isText(old) || !isText(now) {
		fmt.Fprintln(w, "    (the data is not text)")
		return
	}
	for _, line := range textDiff(old, now) {
		text := printable(strings.TrimSuffix(line, "\r"))
		switch {
		case strings.HasPrefix(line, "+"):
			text = s.Paint(text, color.FgGreen)
		case strings.HasPrefix(line, "-"):
			text = s.Paint(text, red)
		}
		fmt.Fprintln(w, "    "+text)
	}
}

func (z *znodeDiff) Row(s Style) ([]string, [][]string) {
	return []string{"change", "path", "what"}, [][]string{{z.Change, printable(z.Path), z.details(s)}}
}

// summary tells eyes how many differences there are.
func (t *treeDiff) summary(counts [3]int64) error {
	e := t.env
	if !e.Terminal || e.Format != Auto && e.Format != Text {
		return nil
	}
	s := e.style()
	_, err := fmt.Fprintf(e.Out, "%s added, %s removed, %s changed, of %s and %s\n", s.Count(counts[0]), s.Count(counts[1]), s.Count(counts[2]),
		s.Count(t.compare.left), znodes(s, t.compare.right))
	return err
}
