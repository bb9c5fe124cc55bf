package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"zook/jute"
)

// aclModel is a tree with ACLs and what each client may do with it, told anew from
// the rules that programmers of clients know, without a line of the server's:
//
//   - r reads data, stat, children and their number, and in a multi checks a version; w
//     sets data; c and d are of the parent; a sets ACLs.
//   - Who may read or administer sees an ACL; who may only read sees no hashes in it.
//   - Whether a znode exists is no secret.
//   - An event is for who may read the znode of which it tells.
type aclModel struct {
	nodes   map[string]*modelNode
	clients []*modelClient
	old     bool // before 3.9.2 and 3.8.4, all are told the stat, and all events
}

type modelNode struct {
	data      string
	acl       []jute.ACL
	ephemeral *modelClient
}

// modelClient is a client with what it has proved.
type modelClient struct {
	name  string
	ids   []jute.ID // in the order of proof, but for its address
	super bool
}

// modelEntries are the ids that ACLs are made of. Of some of them, everybody has one:
// the tests' clients are all at 127.0.0.1.
var modelEntries = append([]jute.ID{annID, bobID, certID, {Scheme: "digest", ID: "ann:anotherhash"}, {Scheme: "x509", ID: "CN=zook"},
	{Scheme: "ip", ID: "127.0.0.2/31"}, {Scheme: "ip", ID: "10.0.0.0/8"}}, everybodys...)

var everybodys = []jute.ID{{Scheme: "world", ID: "anyone"}, {Scheme: "ip", ID: "127.0.0.1"}, {Scheme: "ip", ID: "127.0.0.0/30"}}

var (
	annID  = jute.ID{Scheme: "digest", ID: jute.DigestID("ann:pw")}
	bobID  = jute.ID{Scheme: "digest", ID: jute.DigestID("bob:pw")}
	certID = jute.ID{Scheme: "x509", ID: "CN=zook test client"}
)

func (c *modelClient) may(acl []jute.ACL, perms jute.Perms) bool {
	for _, e := range acl {
		if e.Perms&perms != 0 && (slices.Contains(everybodys, e.ID) || slices.Contains(c.ids, e.ID)) {
			return true
		}
	}
	return c.super
}

// expand is the ACL that a client sets, auth being all it has proved; nil if it may
// not be set.
func (c *modelClient) expand(acl []jute.ACL) (out []jute.ACL) {
	for i, e := range acl {
		switch {
		case slices.Contains(acl[:i], e):
		case e.ID.Scheme != "auth":
			out = append(out, e)
		case len(c.ids) == 0:
			return nil
		default:
			for _, id := range c.ids {
				out = append(out, jute.ACL{Perms: e.Perms, ID: id})
			}
		}
	}
	return out
}

func (m *aclModel) clone() map[string]*modelNode {
	nodes := make(map[string]*modelNode, len(m.nodes))
	for path, n := range m.nodes {
		copied := *n
		nodes[path] = &copied
	}
	return nodes
}

func (m *aclModel) children(path string) (names []string) {
	for p := range m.nodes {
		if p != path && jute.ParentPath(p) == path {
			names = append(names, p[strings.LastIndexByte(p, '/')+1:])
		}
	}
	slices.Sort(names)
	return names
}

// modelEvent is an event with those who may be told, the znode's ACL as it was then.
type modelEvent struct {
	typ  jute.EventType
	path string
	acl  []jute.ACL
}

// write does one operation and returns its error and the events of the changes.
func (m *aclModel) write(c *modelClient, o jute.Op) (jute.ErrCode, []modelEvent) {
	switch r := o.Body.(type) {
	case *jute.CreateRequest:
		return m.create(c, r, r.Flags.IsEphemeral())
	case *jute.DeleteRequest:
		parent, n := m.nodes[jute.ParentPath(r.Path)], m.nodes[r.Path]
		switch {
		case parent == nil:
			return jute.ErrNoNode, nil
		case !c.may(parent.acl, jute.PermDelete):
			return jute.ErrNoAuth, nil
		case n == nil:
			return jute.ErrNoNode, nil
		case len(m.children(r.Path)) > 0:
			return jute.ErrNotEmpty, nil
		}
		delete(m.nodes, r.Path)
		return jute.ErrOK, []modelEvent{{jute.EventNodeDeleted, r.Path, n.acl}}
	}
	path, perm := pathOf(o.Body), jute.PermRead // of a check
	var acl []jute.ACL
	switch r := o.Body.(type) {
	case *jute.SetDataRequest:
		perm = jute.PermWrite
	case *jute.SetACLRequest:
		perm = jute.PermAdmin
		if acl = c.expand(r.ACL); acl == nil {
			return jute.ErrInvalidACL, nil
		}
	}
	n := m.nodes[path]
	if n == nil {
		return jute.ErrNoNode, nil
	}
	if !c.may(n.acl, perm) {
		return jute.ErrNoAuth, nil
	}
	switch r := o.Body.(type) {
	case *jute.SetDataRequest:
		n.data = string(r.Data)
		return jute.ErrOK, []modelEvent{{jute.EventNodeDataChanged, path, n.acl}}
	case *jute.SetACLRequest:
		n.acl = acl
	}
	return jute.ErrOK, nil
}

func (m *aclModel) create(c *modelClient, r *jute.CreateRequest, ephemeral bool) (jute.ErrCode, []modelEvent) {
	acl := c.expand(r.ACL)
	parent := m.nodes[jute.ParentPath(r.Path)]
	switch {
	case acl == nil:
		return jute.ErrInvalidACL, nil
	case parent == nil:
		return jute.ErrNoNode, nil
	case !c.may(parent.acl, jute.PermCreate):
		return jute.ErrNoAuth, nil
	case m.nodes[r.Path] != nil:
		return jute.ErrNodeExists, nil
	case parent.ephemeral != nil:
		return jute.ErrNoChildrenForEphemerals, nil
	}
	n := &modelNode{data: string(r.Data), acl: acl}
	if ephemeral {
		n.ephemeral = c
	}
	m.nodes[r.Path] = n
	return jute.ErrOK, []modelEvent{{jute.EventNodeCreated, r.Path, acl}}
}

// multi does all operations, or none and tells what each is answered.
func (m *aclModel) multi(c *modelClient, ops []jute.Op) ([]jute.ErrCode, []modelEvent) {
	before := m.clone()
	errs := make([]jute.ErrCode, len(ops))
	var events []modelEvent
	for i, o := range ops {
		var more []modelEvent
		if errs[i], more = m.write(c, o); errs[i] != jute.ErrOK {
			m.nodes = before
			for j := i + 1; j < len(ops); j++ {
				errs[j] = jute.ErrRuntimeInconsistency
			}
			return errs, nil
		}
		events = append(events, more...)
	}
	return errs, events
}

// read is what a client is answered, in words.
func (m *aclModel) read(c *modelClient, o jute.Op) string {
	path := pathOf(o.Body)
	n := m.nodes[path]
	if n == nil {
		return jute.ErrNoNode.Error()
	}
	perm := jute.PermRead
	if o.Type == jute.OpGetACL {
		perm |= jute.PermAdmin
	}
	if !c.may(n.acl, perm) && !(m.old && o.Type == jute.OpExists) {
		return jute.ErrNoAuth.Error()
	}
	switch o.Type {
	case jute.OpGetData:
		return fmt.Sprintf("data %q", n.data)
	case jute.OpGetChildren, jute.OpGetChildren2:
		return fmt.Sprintf("children %q", m.children(path))
	case jute.OpGetAllChildrenNumber:
		below := 0
		for p := range m.nodes {
			if strings.HasPrefix(p, path+"/") {
				below++
			}
		}
		return fmt.Sprintf("%d below", below)
	case jute.OpGetACL:
		acl := slices.Clone(n.acl)
		for i := range acl {
			if user, _, _ := strings.Cut(acl[i].ID.ID, ":"); acl[i].ID.Scheme == "digest" && !c.may(n.acl, jute.PermAdmin) {
				acl[i].ID.ID = user + ":x"
			}
		}
		return fmt.Sprintf("ACL %v", acl)
	}
	return "it is there"
}

// ephemerals are those of a client, below a prefix.
func (m *aclModel) ephemerals(c *modelClient, prefix string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.nodes)), func(path string) bool {
		return m.nodes[path].ephemeral != c || !strings.HasPrefix(path, prefix)
	})
}

// pathOf is the path that a request is about.
func pathOf(r jute.Record) string {
	switch r := r.(type) {
	case *jute.GetDataRequest:
		return r.Path
	case *jute.ExistsRequest:
		return r.Path
	case *jute.GetChildrenRequest:
		return r.Path
	case *jute.GetACLRequest:
		return r.Path
	case *jute.GetAllChildrenNumberRequest:
		return r.Path
	case *jute.SetDataRequest:
		return r.Path
	case *jute.SetACLRequest:
		return r.Path
	case *jute.CheckVersionRequest:
		return r.Path
	}
	panic(fmt.Sprintf("%T has no path", r))
}
