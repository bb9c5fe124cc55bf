package datatree

import "zook/jute"

// openACLRef is the reference of world:anyone:cdrwa, which no table holds
// (ReferenceCountedACLCache.OPEN_UNSAFE_ACL_ID).
const openACLRef int64 = -1

var openACL = jute.OpenACL()

// aclTable interns ACLs: few different ones serve many znodes. References are
// what snapshots store.
type aclTable struct {
	byRef map[int64]*aclEntry
	byKey map[string]int64 // encoded vector -> reference
	last  int64
}

type aclEntry struct {
	acl  []jute.ACL
	key  string
	uses int
}

func newACLTable() aclTable {
	return aclTable{byRef: map[int64]*aclEntry{}, byKey: map[string]int64{}}
}

func aclKey(acl []jute.ACL) string {
	var b []byte
	for i := range acl {
		b = acl[i].Append(b)
	}
	return string(b)
}

var openACLKey = aclKey(openACL)

// use returns the reference of acl with one more use.
func (t *aclTable) use(acl []jute.ACL) int64 {
	key := aclKey(acl)
	if acl == nil || key == openACLKey {
		return openACLRef
	}
	ref, ok := t.byKey[key]
	if !ok {
		t.last++
		ref = t.last
		t.byKey[key] = ref
		t.byRef[ref] = &aclEntry{acl: acl, key: key}
	}
	t.byRef[ref].uses++
	return ref
}

func (t *aclTable) drop(ref int64) {
	e := t.byRef[ref]
	if e == nil {
		return
	}
	if e.uses--; e.uses <= 0 {
		delete(t.byRef, ref)
		delete(t.byKey, e.key)
	}
}

// get returns the ACL of a reference. One that the table lacks grants nothing:
// it occurs in a fuzzy snapshot, until the log has been replayed.
func (t *aclTable) get(ref int64) []jute.ACL {
	if ref == openACLRef {
		return openACL
	}
	if e := t.byRef[ref]; e != nil {
		return e.acl
	}
	return nil
}

func (t *aclTable) all() map[int64][]jute.ACL {
	m := make(map[int64][]jute.ACL, len(t.byRef))
	for ref, e := range t.byRef {
		m[ref] = e.acl
	}
	return m
}
