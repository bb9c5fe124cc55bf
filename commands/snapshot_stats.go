package commands

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

// snapshotStats is what stats prints of a tree.
type snapshotStats struct {
	Source      string `json:"source"`
	Zxid        *Hex   `json:"zxid"` // null if nothing says it
	LastZxid    Hex    `json:"lastZxid"`
	Compression string `json:"compression,omitempty"` // gz or snappy

	Znodes     int64 `json:"znodes"`
	Persistent int64 `json:"persistent"`
	Ephemerals int64 `json:"ephemerals"`
	Containers int64 `json:"containers"`
	TTLs       int64 `json:"ttls"`
	Parents    int64 `json:"parents"` // znodes that have children
	NoData     int64 `json:"noData"`  // znodes whose data is empty or null

	DataBytes int64 `json:"dataBytes"`
	PathBytes int64 `json:"pathBytes"`

	Sessions     int        `json:"sessions"`
	TreeDigest   Hex        `json:"treeDigest"` // computed
	Digest       *digestSay `json:"digest"`     // as the snapshot says; null if it does not
	DistinctACLs int        `json:"distinctACLs"`

	Largest []largeZnode `json:"largest"`
	Widest  []wideZnode  `json:"widest"`
	Owners  []ownerStats `json:"owners"` // sessions by their ephemerals
	ACLs    []aclStats   `json:"acls"`
	Depths  []int64      `json:"depths"` // znodes by depth; that of / is 0
}

// digestSay is the digest section of a snapshot.
type digestSay struct {
	Zxid    Hex   `json:"zxid"` // at which the tree has it
	Version int32 `json:"version"`
	Digest  Hex   `json:"digest"`
}

type largeZnode struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

type wideZnode struct {
	Path     string `json:"path"`
	Children int64  `json:"children"`
}

type ownerStats struct {
	Session    Hex    `json:"session"`
	Timeout    *int32 `json:"timeout"` // milliseconds; null if the snapshot does not know the session
	Ephemerals int64  `json:"ephemerals"`
	Bytes      int64  `json:"bytes"` // of their data
}

type aclStats struct {
	ACL    []aclEntry `json:"acl"`
	Znodes int64      `json:"znodes"`
}

func newSnapshotStats(env *Env) *cobra.Command {
	var top int
	cmd := &cobra.Command{
		Use:   "stats SOURCE",
		Short: "Sum up a tree: sizes, kinds, sessions, ACLs, depths",
		Long: `Sum up what a snapshot holds: znodes by kind and depth, bytes of data and paths, the
largest znodes, the parents with the most children, sessions by their ephemerals, and ACLs
by use.

` + savedHelp + `

For a program a line is what, a number, and what it is of, with tabs between; or one JSON
object with -o json. Bytes are of data, unless of paths.`,
		Example: `  zook snapshot stats /var/lib/zookeeper/version-2/snapshot.1f
  zook snapshot stats -n 50 -o json /var/lib/zookeeper | jq .largest`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if top < 0 {
				return usagef("-n: a number of lines is 0 or more")
			}
			tree, err := env.openSaved(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer tree.Close()
			shown := env.progress("read")
			c := newStatsCounter(top)
			facts, err := tree.read(cmd.Context(), savedVisit{loose: true, znode: func(z *savedZnode) error {
				shown.done.Add(1)
				c.add(z)
				return nil
			}})
			shown.Finish()
			if err != nil {
				return err
			}
			facts.warn(env, "stats")
			return env.print(c.stats(facts))
		},
	}
	cmd.Flags().IntVarP(&top, "top", "n", 10, "list so `many` of the largest, widest, ...")
	return cmd
}

// statsCounter counts as znodes come. It holds the top ones, what parents, sessions
// and ACLs there are, and no znode else.
type statsCounter struct {
	snapshotStats
	top      int
	largest  topList[largeZnode]
	children map[string]int64 // by path of the parent
	owners   map[int64]*ownerStats
	acls     map[string]*aclStats // by text

	parent string // of the last znode, and how many of its children are not in the map
	in     int64
	acl    []jute.ACL // the last one, which is most often the next one, too
	uses   *aclStats
}

func newStatsCounter(top int) *statsCounter {
	return &statsCounter{top: top, largest: newTopList(top, compareLarge), children: map[string]int64{},
		owners: map[int64]*ownerStats{}, acls: map[string]*aclStats{}}
}

func compareLarge(a, b largeZnode) int {
	return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
}

func (c *statsCounter) add(z *savedZnode) {
	size := int64(len(z.data))
	c.DataBytes += size
	c.PathBytes += int64(len(z.path))
	if size == 0 {
		c.NoData++
	}
	c.largest.add(largeZnode{z.path, size})
	d := depth("/", z.path)
	for len(c.Depths) <= d {
		c.Depths = append(c.Depths, 0)
	}
	c.Depths[d]++
	switch kind, _ := datatree.OwnerKind(z.stat.EphemeralOwner); kind {
	case datatree.KindEphemeral:
		c.addEphemeral(z.stat.EphemeralOwner, size)
	case datatree.KindContainer:
		c.Containers++
	case datatree.KindTTL:
		c.TTLs++
	default:
		c.Persistent++
	}
	if z.path != "/" {
		c.addChild(jute.ParentPath(z.path))
	}
	c.addACL(z.acl)
}

func (c *statsCounter) addEphemeral(session, size int64) {
	o := c.owners[session]
	if o == nil {
		o = &ownerStats{Session: Hex(session)}
		c.owners[session] = o
	}
	o.Ephemerals++
	o.Bytes += size
	c.Ephemerals++
}

func (c *statsCounter) addChild(parent string) {
	if parent != c.parent {
		c.flushChildren()
		c.parent = parent
	}
	c.in++
}

func (c *statsCounter) flushChildren() {
	if c.in > 0 {
		c.children[c.parent] += c.in
	}
	c.in = 0
}

func (c *statsCounter) addACL(acl []jute.ACL) {
	if c.uses == nil || !slices.Equal(acl, c.acl) {
		l := newACLList("", acl)
		key := fmt.Sprint(l.ACL)
		if c.acl, c.uses = acl, c.acls[key]; c.uses == nil {
			c.uses = &aclStats{ACL: l.ACL}
			c.acls[key] = c.uses
		}
	}
	c.uses.Znodes++
}

// stats is the sum.
func (c *statsCounter) stats(f *savedFacts) *snapshotStats {
	c.flushChildren()
	s := &c.snapshotStats
	s.Source, s.LastZxid, s.Znodes, s.Sessions = f.Name, Hex(f.LastZxid), f.Znodes, len(f.Sessions)
	s.Parents, s.DistinctACLs, s.TreeDigest = int64(len(c.children)), len(c.acls), Hex(f.TreeDigest)
	if f.Zxid >= 0 {
		zxid := Hex(f.Zxid)
		s.Zxid = &zxid
	}
	if f.compression != snapshot.None {
		s.Compression = f.compression.String()
	}
	if g := f.Digest; g != nil {
		s.Digest = &digestSay{Hex(g.Zxid), g.Version, Hex(g.Digest)}
	}
	s.Largest = c.largest.items
	widest := newTopList(c.top, func(a, b wideZnode) int {
		return cmp.Or(cmp.Compare(b.Children, a.Children), cmp.Compare(a.Path, b.Path))
	})
	for path, n := range c.children {
		widest.add(wideZnode{path, n})
	}
	owners := newTopList(c.top, func(a, b ownerStats) int {
		return cmp.Or(cmp.Compare(b.Ephemerals, a.Ephemerals), cmp.Compare(uint64(a.Session), uint64(b.Session)))
	})
	for id, o := range c.owners {
		if timeout, ok := f.Sessions[id]; ok {
			o.Timeout = &timeout
		}
		owners.add(*o)
	}
	acls := newTopList(c.top, func(a, b aclStats) int {
		return cmp.Or(cmp.Compare(b.Znodes, a.Znodes), cmp.Compare(fmt.Sprint(a.ACL), fmt.Sprint(b.ACL)))
	})
	for _, a := range c.acls {
		acls.add(*a)
	}
	s.Widest, s.Owners, s.ACLs = widest.items, owners.items, acls.items
	return s
}

// topList keeps the first few of many in an order.
type topList[T any] struct {
	most    int
	compare func(a, b T) int
	items   []T // in order
}

func newTopList[T any](most int, compare func(a, b T) int) topList[T] {
	return topList[T]{most, compare, []T{}}
}

func (l *topList[T]) add(item T) {
	full := len(l.items) >= l.most
	if l.most == 0 || full && l.compare(item, l.items[len(l.items)-1]) > 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(l.items, item, l.compare)
	if full {
		l.items = l.items[:len(l.items)-1]
	}
	l.items = slices.Insert(l.items, i, item)
}
