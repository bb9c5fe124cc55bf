package commands

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/jute"
)

// blamed is who wrote one part of what there is of a znode.
type blamed struct {
	What string `json:"what"` // created, data, acl or children
	pastTxn
	Path     string     `json:"path"` // of children that of the child
	Mode     string     `json:"mode,omitempty"`
	TTL      int64      `json:"ttl,omitempty"` // milliseconds
	Version  *int32     `json:"version,omitempty"`
	Length   *int       `json:"dataLength,omitempty"`
	Aversion *int32     `json:"aversion,omitempty"`
	ACL      []aclEntry `json:"acl,omitempty"`
	Children *int       `json:"numChildren,omitempty"`
}

// newBlamed is a row with what every part has; before the logs begin c is what a
// snapshot says.
func newBlamed(what string, c *pastChange) *blamed {
	return &blamed{What: what, pastTxn: c.pastTxn, Path: c.Path}
}

// Text writes a line: WHAT TIME ZXID SESSION CXID TYPE PATH [NAME=VALUE...].
func (b *blamed) Text(w io.Writer, s Style) {
	fmt.Fprint(w, b.What+" ")
	b.writeHead(w, s)
	fmt.Fprint(w, " "+oneWord(b.Path))
	for _, f := range b.details() {
		fmt.Fprintf(w, " %s=%s", f[0], f[1])
	}
	fmt.Fprintln(w)
}

func (b *blamed) details() (d [][2]string) {
	add := func(name string, value any) { d = append(d, [2]string{name, fmt.Sprint(value)}) }
	if b.Mode != "" {
		add("mode", b.Mode)
	}
	if b.TTL != 0 {
		add("ttl", time.Duration(b.TTL)*time.Millisecond)
	}
	if b.Version != nil {
		add("version", *b.Version)
	}
	if b.Length != nil {
		add("size", *b.Length)
	}
	if b.Aversion != nil {
		add("aversion", *b.Aversion)
	}
	if b.ACL != nil {
		var entries []string
		for _, a := range b.ACL {
			entries = append(entries, oneWord(a.String()))
		}
		add("acl", strings.Join(entries, ","))
	}
	if b.Children != nil {
		add("children", *b.Children)
	}
	if b.Multi != nil {
		add("multi", fmt.Sprintf("%d/%d", b.Multi.Op, b.Multi.Of))
	}
	return d
}

func (b *blamed) Row(Style) ([]string, [][]string) {
	var details []string
	for _, f := range b.details() {
		details = append(details, f[0]+"="+f[1])
	}
	kind := b.kind()
	if b.Type == "" {
		kind = "before the logs"
	}
	return []string{"what", "time", "zxid", "session", "type", "path", "details"}, [][]string{{
		b.What, dashed(b.Time), dashed(b.Zxid), dashed(b.Session), kind, printable(b.Path), strings.Join(details, " ")}}
}

func newBlame(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "blame PATH",
		Short: "Show who wrote what is in a znode now",
		Long: `Show which transaction, of which session, wrote what there is of a znode: its data, its ACL,
the znode itself, and its list of children (the child that was last created or deleted).
It is read from the files of --data-dir, as of --at.

What is older than the logs is known from a snapshot: the zxid and the time, but not the
session, and of an ACL not even these.`,
		Example: `  zook --data-dir /var/lib/zookeeper blame /app/config
  zook --data-dir /var/lib/zookeeper --at 2d blame -o json /app/config`,
		Args:              args(1, 1),
		ValidArgsFunction: env.completePaths(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := env.Path(args[0])
			if err != nil {
				return err
			}
			return onPath(path, env.blame(cmd, path))
		},
	}
	return cmd
}

func (e *Env) blame(cmd *cobra.Command, path string) error {
	p := e.TablePrinter(true)
	h, err := e.newHistory(calledAs(cmd), scope{path: path, depth: 1}, p)
	if err != nil {
		return err
	}
	var b blameTeller
	h.each = func(c *pastChange) error { b.tell(path, c); return nil }
	h.before = func(c *pastChange) error { b.begin(path, c); return nil }
	damage := h.run(cmd.Context())
	if damage != nil && damage != h.pass.faulty {
		return cmp.Or(damage, p.Close())
	}
	var absent error
	if h.znodes[path] == nil {
		absent = b.absent(h)
		if damage != nil {
			e.report(h.pass.command, onPath(path, absent))
		}
	} else {
		for _, row := range b.rows(h) {
			if err := p.Print(row); err != nil {
				return err
			}
		}
	}
	return cmp.Or(p.Close(), damage, absent)
}

// blameTeller keeps the last change of each part of a znode.
type blameTeller struct {
	created, data, acl, children *pastChange
	deleted                      *pastChange
}

func (b *blameTeller) tell(path string, c *pastChange) {
	switch {
	case c.Path != path:
		if c.Change == changeCreate || c.Change == changeDelete {
			b.children = c
		}
	case c.Change == changeCreate:
		*b = blameTeller{created: c, data: c, acl: c}
	case c.Change == changeSetData:
		b.data = c
	case c.Change == changeSetACL:
		b.acl = c
	case c.Change == changeDelete:
		*b = blameTeller{deleted: c}
	}
}

// begin takes what a snapshot says. After a hole in the logs that may be what they
// have told already.
func (b *blameTeller) begin(path string, c *pastChange) {
	if c.Path != path {
		return
	}
	older := *b
	*b = blameTeller{created: c, data: c, acl: c}
	at := func(zxid int64, time *Time) *pastChange {
		part := *c
		part.Session = nil
		part.Zxid, part.Time = nil, time
		if zxid != 0 {
			part.Zxid = new(Hex(zxid))
		}
		return &part
	}
	known := func(told *pastChange, zxid int64) bool {
		return told != nil && told.Zxid != nil && int64(*told.Zxid) == zxid
	}
	if known(older.created, c.stat.Czxid) {
		b.created = older.created
	}
	switch {
	case c.Mzxid == nil:
		b.data = at(0, nil)
	case known(older.data, c.stat.Mzxid):
		b.data = older.data
	case *c.Mzxid != *c.Zxid:
		b.data = at(c.stat.Mzxid, c.Mtime)
	}
	switch {
	case c.Aversion == nil || *c.Aversion > 0:
		b.acl = at(0, nil)
	case known(older.acl, c.stat.Czxid):
		b.acl = older.acl
	}
	switch {
	case known(older.children, c.stat.Pzxid):
		b.children = older.children
	case c.stat.Pzxid != c.stat.Czxid:
		b.children = at(c.stat.Pzxid, nil)
	}
}

func (b *blameTeller) rows(h *history) []*blamed {
	for _, part := range []**pastChange{&b.created, &b.data, &b.acl} {
		if *part == nil { // without a snapshot that tells of the time before the logs
			*part = &pastChange{Change: changeBefore, Path: h.scope.path}
		}
	}
	created, data, acl := newBlamed("created", b.created), newBlamed("data", b.data), newBlamed("acl", b.acl)
	rows := []*blamed{created, data, acl}
	created.Mode, created.TTL = b.created.Mode, b.created.TTL
	data.Version, data.Length = b.data.Version, b.data.Length
	late := !h.baseline.all && h.baseline.zxid > h.pass.last.Zxid // the snapshot is of later than --at
	if !late || b.acl.Change != changeBefore {
		acl.Aversion, acl.ACL = b.acl.Aversion, newACLList("", b.acl.ACL).ACL
	}
	if b.children != nil {
		children := newBlamed("children", b.children)
		if h.baseline.known && !late {
			children.Children = new(len(h.znodes) - 1)
		}
		rows = append(rows, children)
	}
	return rows
}

// absent is the error for a znode that is not there.
func (b *blameTeller) absent(h *history) error {
	if b.deleted != nil {
		return &Error{Err: fmt.Errorf("%w: deleted at %v by %v", jute.ErrNoNode, b.deleted.Time, b.deleted.Zxid), Hint: "who-deleted tells more"}
	}
	return fmt.Errorf("%w %s", jute.ErrNoNode, h.pass.told())
}
