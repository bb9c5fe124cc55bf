package datatree

import (
	"slices"

	"zook/jute"
)

// aclRef is how a znode names its ACL: a number in the table, or one of those that no
// transaction makes. What snapshots call it is another number.
type aclRef int32

const (
	// openACLRef is world:anyone:cdrwa, which no table holds.
	openACLRef aclRef = -1
	// nobodyACLRef stands for an ACL that is not known yet: a fuzzy snapshot may
	// hold a znode whose ACL is newer than its table, until replay comes to the
	// transaction that set it.
	nobodyACLRef aclRef = 0

	// How snapshots call the two (ReferenceCountedACLCache.OPEN_UNSAFE_ACL_ID).
	// Apache's references begin at 1.
	openACLSaved   int64 = -1
	nobodyACLSaved int64 = 0
)

var (
	openACL   = jute.OpenACL()
	nobodyACL = []jute.ACL{{ID: jute.ID{Scheme: "world", ID: "anyone"}}}
)

// aclTable interns ACLs: few different ones serve many znodes.
type aclTable struct {
	entries slab[aclEntry]
	bySaved map[int64]aclRef
	byKey   map[string]aclRef // by the encoded vector
	last    int64             // the highest saved reference
}

type aclEntry struct {
	acl   []jute.ACL
	key   string
	saved int64 // the reference that snapshots store
	uses  int
}

func newACLTable() aclTable {
	return aclTable{bySaved: map[int64]aclRef{}, byKey: map[string]aclRef{}}
}

func appendACL(b []byte, acl []jute.ACL) []byte {
	for i := range acl {
		b = acl[i].Append(b)
	}
	return b
}

func (t *aclTable) entry(ref aclRef) *aclEntry { return t.entries.at(uint32(ref)) }

func (t *aclTable) add(saved int64, acl []jute.ACL, key string) aclRef {
	ref := aclRef(t.entries.take())
	*t.entry(ref) = aclEntry{acl: acl, key: key, saved: saved}
	t.bySaved[saved], t.byKey[key] = ref, ref
	t.last = max(t.last, saved)
	return ref
}

// define sets the ACL of a reference that a snapshot's table names.
func (t *aclTable) define(saved int64, acl []jute.ACL) {
	if saved == openACLSaved || saved == nobodyACLSaved {
		return
	}
	if ref, ok := t.bySaved[saved]; ok {
		t.forget(ref)
	}
	t.add(saved, acl, string(appendACL(nil, acl)))
}

// use returns the reference of acl with one more use.
func (t *aclTable) use(acl []jute.ACL) aclRef {
	if acl == nil || slices.Equal(acl, openACL) {
		return openACLRef
	}
	var buf [128]byte
	key := appendACL(buf[:0], acl)
	ref, ok := t.byKey[string(key)]
	if !ok {
		ref = t.add(t.unused(), acl, string(key))
	}
	t.entry(ref).uses++
	return ref
}

// unused is a reference for a new ACL: they are counted on, as Apache does it.
func (t *aclTable) unused() int64 {
	saved := t.last + 1
	for saved <= 0 || t.bySaved[saved] != 0 { // a table that is made up may hold the last of all
		saved = max(saved+1, 1)
	}
	return saved
}

// useSaved returns the reference that a snapshot's znode has, with one more use; one that
// the table lacks becomes nobodyACLRef, as the number may be given to another ACL before
// replay mends the znode.
func (t *aclTable) useSaved(saved int64) aclRef {
	if saved == openACLSaved {
		return openACLRef
	}
	ref, ok := t.bySaved[saved]
	if !ok {
		return nobodyACLRef
	}
	t.entry(ref).uses++
	return ref
}

func (t *aclTable) drop(ref aclRef) {
	if ref <= nobodyACLRef {
		return
	}
	if e := t.entry(ref); e.uses > 1 {
		e.uses--
		return
	}
	t.forget(ref)
}

func (t *aclTable) forget(ref aclRef) {
	e := t.entry(ref)
	delete(t.bySaved, e.saved)
	if t.byKey[e.key] == ref { // a table may name an ACL twice
		delete(t.byKey, e.key)
	}
	t.entries.give(uint32(ref))
}

// dropUnused forgets what a snapshot's table holds for no znode.
func (t *aclTable) dropUnused() {
	for _, ref := range t.bySaved {
		if t.entry(ref).uses == 0 {
			t.forget(ref)
		}
	}
}

func (t *aclTable) get(ref aclRef) []jute.ACL {
	switch ref {
	case openACLRef:
		return openACL
	case nobodyACLRef:
		return nobodyACL
	}
	return t.entry(ref).acl
}

// saved is the reference that a snapshot has.
func (t *aclTable) saved(ref aclRef) int64 {
	switch ref {
	case openACLRef:
		return openACLSaved
	case nobodyACLRef:
		return nobodyACLSaved
	}
	return t.entry(ref).saved
}

// all is the table, for a snapshot.
func (t *aclTable) all() map[int64][]jute.ACL {
	m := make(map[int64][]jute.ACL, len(t.bySaved)+1)
	m[nobodyACLSaved] = nobodyACL
	for saved, ref := range t.bySaved {
		m[saved] = t.entry(ref).acl
	}
	return m
}
