package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"zook/datatree"
	"zook/jute"
)

// What a transaction did to a znode.
const (
	changeBefore  = "before" // nothing: the znode was there before the logs begin, or go on behind a hole
	changeCreate  = "create"
	changeSetData = "setData"
	changeSetACL  = "setACL"
	changeDelete  = "delete"
)

// Why a znode was deleted.
const (
	causeRequest = "request" // of a session
	causeClosed  = "sessionClosed"
	causeExpired = "sessionExpired"
	causeReaped  = "reaped" // by the server: an empty container, or a znode whose TTL was over
)

// pastTxn is a transaction of the past, and what is known of who asked for it. What is
// not known is nil.
type pastTxn struct {
	Time    *Time  `json:"time,omitempty"`
	Zxid    *Hex   `json:"zxid,omitempty"`
	Session *Hex   `json:"session,omitempty"` // 0 is the server itself
	Opened  *Time  `json:"sessionOpened,omitempty"`
	Timeout *int32 `json:"sessionTimeout,omitempty"` // milliseconds
	Cxid    *int32 `json:"cxid,omitempty"`
	// Type is that of the transaction, or of the operation in a multi; "" before the
	// logs begin.
	Type  string   `json:"type,omitempty"`
	Multi *inMulti `json:"multi,omitempty"`
}

// pastChange is what a transaction did to one znode.
type pastChange struct {
	pastTxn
	Path   string `json:"path"`
	Change string `json:"change"`
	Cause  string `json:"cause,omitempty"` // of a delete

	Mode        string     `json:"mode,omitempty"` // persistent, ephemeral, container or ttl, where it is known
	TTL         int64      `json:"ttl,omitempty"`  // milliseconds
	Version     *int32     `json:"version,omitempty"`
	OldVersion  *int32     `json:"oldVersion,omitempty"`
	Length      *int       `json:"dataLength,omitempty"`
	OldLength   *int       `json:"oldDataLength,omitempty"`
	Aversion    *int32     `json:"aversion,omitempty"`
	OldAversion *int32     `json:"oldAversion,omitempty"`
	ACL         []jute.ACL `json:"-"`
	OldACL      []jute.ACL `json:"-"`
	Mzxid       *Hex       `json:"mzxid,omitempty"` // of before: the last change of the data
	Mtime       *Time      `json:"mtime,omitempty"`

	owner            int64 // as ephemeralOwner says it
	stat             jute.StatPersisted
	data, oldData    []byte // nil is null
	hasData, hasOld  bool   // data is there; so is oldData
	block, recursive bool   // how Text shows it
	lines            int    // of the diff at most; -1 for all
	diff             bool   // in JSON, too
	hole             bool   // before is not before all logs, but before the next part of them
}

// inMulti is the place of an operation in its multi.
type inMulti struct {
	Op int `json:"op"` // from 1 on
	Of int `json:"of"`
}

// newPastChange is what the i-th operation of a transaction did.
func newPastChange(v *jute.TxnView, i int) *pastChange {
	o := &v.Ops[i]
	c := changeBy(&v.Header, o.Type, string(o.Path))
	if v.Header.Type == jute.OpMulti {
		c.Multi = &inMulti{i + 1, len(v.Ops)}
	}
	switch o.Type {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateTTL, jute.OpCreateContainer:
		c.Change = changeCreate
		switch {
		case o.Type == jute.OpCreateTTL:
			c.owner = datatree.TTLOwner(o.TTL)
		case o.Type == jute.OpCreateContainer:
			c.owner = datatree.ContainerOwner
		case o.Ephemeral:
			c.owner = v.Header.ClientID
		}
		c.Mode, _ = kindOf(c.owner)
		c.TTL = o.TTL
		c.Version, c.Aversion = new(int32), new(int32)
		c.setData(o.Data)
	case jute.OpSetData, jute.OpReconfig:
		c.Change, c.Version = changeSetData, new(o.Version)
		c.setData(o.Data)
	case jute.OpSetACL:
		c.Change, c.Aversion = changeSetACL, new(o.Version)
		if o.Version > 0 {
			c.OldAversion = new(o.Version - 1)
		}
	case jute.OpDelete:
		c.Change, c.Cause = changeDelete, causeRequest
	case jute.OpDeleteContainer:
		c.Change, c.Cause = changeDelete, causeReaped
	}
	return c
}

// newClosed is the end of an ephemeral by that of its session.
func newClosed(v *jute.TxnView, path string) *pastChange {
	c := changeBy(&v.Header, v.Header.Type, path)
	c.Change, c.Cause, c.Mode = changeDelete, closeCause(&v.Header), "ephemeral"
	return c
}

// closeCause is how a session ended. Only the server's own requests have no xid: those
// of expired sessions (ZooKeeperServer.expire; closing one over JMX looks the same).
func closeCause(t *jute.TxnHeader) string {
	if t.Cxid == 0 {
		return causeExpired
	}
	return causeClosed
}

func changeBy(t *jute.TxnHeader, op jute.OpCode, path string) *pastChange {
	return &pastChange{Path: path, pastTxn: pastTxn{Time: new(Time(t.Time)), Zxid: new(Hex(t.Zxid)),
		Session: new(Hex(t.ClientID)), Cxid: new(t.Cxid), Type: op.String()}}
}

// newBefore is a znode that was there before the transaction next.
func newBefore(path string, n *pastZnode, next int64) *pastChange {
	c := &pastChange{Change: changeBefore, Path: path, owner: n.stat.EphemeralOwner, stat: n.stat}
	c.Zxid = new(Hex(n.stat.Czxid))
	if n.stat.Czxid != 0 { // else it came with the tree
		c.Time = new(Time(n.stat.Ctime))
	}
	c.Mode, c.TTL = kindOf(c.owner)
	if isSession(c.owner) {
		c.Session = new(Hex(c.owner))
	}
	if n.hasData {
		c.Version, c.Length = new(n.stat.Version), new(n.size)
		c.data, c.hasData = n.data, n.hasBytes
		c.Mzxid, c.Mtime = new(Hex(n.stat.Mzxid)), new(Time(n.stat.Mtime))
	}
	if n.hasACL {
		c.Aversion, c.ACL = new(n.stat.Aversion), n.acl
	}
	if c.stat.Pzxid >= next { // a fuzzy snapshot: the logs tell
		c.stat.Pzxid = 0
	}
	return c
}

func (t *pastTxn) addSession(o opening) {
	t.Timeout = new(o.timeout)
	if o.Time != 0 {
		t.Opened = new(Time(o.Time))
	}
}

func (c *pastChange) setData(data []byte) {
	c.Length, c.hasData = new(len(data)), true
	if data != nil {
		c.data = append([]byte{}, data...)
	}
}

// wasData adds what a change of data was made to.
func (c *pastChange) wasData(old *pastZnode, reconfig bool) {
	switch {
	case old.hasData && (follows(old.stat.Version, *c.Version) || reconfig):
		c.OldVersion, c.OldLength = new(old.stat.Version), new(old.size)
		c.oldData, c.hasOld = old.data, old.hasBytes
	case !reconfig && *c.Version != 0:
		c.OldVersion = new(*c.Version - 1)
	}
}

// lost adds what was deleted; old is nil if that is not known.
func (c *pastChange) lost(old *pastZnode) {
	if old == nil {
		return
	}
	c.stat, c.owner = old.stat, old.stat.EphemeralOwner
	if !old.partial {
		c.Mode, c.TTL = kindOf(c.owner)
	}
	if old.hasData {
		c.OldVersion, c.OldLength = new(old.stat.Version), new(old.size)
		c.oldData, c.hasOld = old.data, old.hasBytes
	}
	if old.hasACL {
		c.OldAversion, c.OldACL = new(old.stat.Aversion), old.acl
	}
}

// pastChangeJSON is a change with the data as get shows it, and ACLs as getAcl does.
type pastChangeJSON struct {
	*pastChangeFields
	ACL    []aclEntry `json:"acl,omitempty"`
	OldACL []aclEntry `json:"oldAcl,omitempty"`
	Data   any        `json:"data,omitempty"`
	Base64 []byte     `json:"dataBase64,omitempty"`
	// What a delete has lost.
	OldData   any    `json:"oldData,omitempty"`
	OldBase64 []byte `json:"oldDataBase64,omitempty"`
	Diff      string `json:"diff,omitempty"`
}

type pastChangeFields pastChange // without its methods

func (c *pastChange) json() pastChangeJSON {
	j := pastChangeJSON{pastChangeFields: (*pastChangeFields)(c), ACL: newACLList("", c.ACL).ACL, OldACL: newACLList("", c.OldACL).ACL}
	if c.hasData {
		j.Data, j.Base64 = jsonData(c.data)
	}
	if c.hasOld && c.Change == changeDelete {
		j.OldData, j.OldBase64 = jsonData(c.oldData)
	}
	if c.diff {
		j.Diff = strings.Join(c.diffLines(), "\n")
	}
	return j
}

// jsonData is data as a string, null, or bytes for base64.
func jsonData(data []byte) (text any, bytes []byte) {
	switch {
	case data == nil:
		return json.RawMessage("null"), nil
	case utf8.Valid(data):
		return string(data), nil
	}
	return nil, data
}

func (c *pastChange) MarshalJSON() ([]byte, error) { return encodeJSON(c.json()) }

// Text writes a line, as txnlog dump does:
//
//	TIME ZXID SESSION CXID TYPE PATH [NAME=VALUE...]
//
// or for eyes a few lines with the data's diff.
func (c *pastChange) Text(w io.Writer, s Style) {
	if c.block {
		c.writeBlock(w, s)
		return
	}
	var b strings.Builder
	c.writeHead(&b, s)
	b.WriteString(" " + oneWord(c.Path))
	for _, f := range c.details() {
		b.WriteString(" " + f[0] + "=" + f[1])
	}
	fmt.Fprintln(w, b.String())
}

// writeHead writes TIME ZXID SESSION CXID TYPE.
func (t *pastTxn) writeHead(w io.Writer, s Style) {
	cxid := "-"
	if t.Cxid != nil {
		cxid = Hex(uint32(*t.Cxid)).String()
	}
	fmt.Fprintf(w, "%s %s %s %s %s", dashed(t.Time), s.Paint(dashed(t.Zxid), yellow), dashed(t.Session), cxid, t.kind())
}

// kind is the type of the transaction, or what there is instead.
func (t *pastTxn) kind() string {
	if t.Type == "" {
		return changeBefore
	}
	return t.Type
}

func dashed[T fmt.Stringer](v *T) string {
	if v == nil {
		return "-"
	}
	return (*v).String()
}

// details are names and values.
func (c *pastChange) details() (d [][2]string) {
	add := func(name string, value any) { d = append(d, [2]string{name, fmt.Sprint(value)}) }
	number := func(name string, v *int32) {
		if v != nil {
			add(name, *v)
		}
	}
	if c.Change == changeCreate || c.Change == changeBefore {
		if c.Mode != "" && c.Mode != "persistent" {
			add("mode", c.Mode)
		}
		if c.TTL != 0 {
			add("ttl", time.Duration(c.TTL)*time.Millisecond)
		}
	}
	number("version", c.Version)
	number("oldVersion", c.OldVersion)
	if c.Length != nil {
		add("size", *c.Length)
	}
	if c.OldLength != nil {
		add("oldSize", *c.OldLength)
	}
	if c.Change == changeSetACL || c.Change == changeBefore {
		number("aversion", c.Aversion)
	}
	if c.ACL != nil && (c.Change != changeCreate || !isOpenACL(c.ACL)) {
		add("acl", aclText(c.ACL))
	}
	if c.Cause != "" && c.Cause != causeRequest {
		add("cause", c.Cause)
	}
	if c.Mzxid != nil && *c.Mzxid != *c.Zxid {
		add("mzxid", *c.Mzxid)
		add("mtime", *c.Mtime)
	}
	if c.Multi != nil {
		add("multi", fmt.Sprintf("%d/%d", c.Multi.Op, c.Multi.Of))
	}
	return d
}

func isOpenACL(acl []jute.ACL) bool { return len(acl) == 1 && acl[0] == jute.OpenACL()[0] }

// aclText is an ACL as setAcl takes it.
func aclText(acl []jute.ACL) string {
	var entries []string
	for _, a := range acl {
		entries = append(entries, oneWord(a.String()))
	}
	return strings.Join(entries, ",")
}

// oneWord is text as one word of a line, in quotes if it is not plain.
func oneWord(text string) string { return string(appendWord(nil, []byte(text))) }

// Row is a row of a table.
func (c *pastChange) Row(s Style) ([]string, [][]string) {
	var rest []string
	for _, f := range c.details() {
		if f[0] != "version" && f[0] != "size" && f[0] != "oldVersion" && f[0] != "oldSize" {
			rest = append(rest, f[0]+"="+f[1])
		}
	}
	version, size := "", ""
	switch {
	case c.Version != nil:
		version = fmt.Sprint(*c.Version)
	case c.OldVersion != nil:
		version = fmt.Sprintf("(%d)", *c.OldVersion)
	}
	switch {
	case c.Length != nil:
		size = s.Size(int64(*c.Length))
	case c.OldLength != nil:
		size = "(" + s.Size(int64(*c.OldLength)) + ")"
	}
	return []string{"time", "zxid", "session", "type", "path", "version", "size", "details"},
		[][]string{{dashed(c.Time), dashed(c.Zxid), dashed(c.Session), c.kind(), printable(c.Path), version, size, strings.Join(rest, " ")}}
}
