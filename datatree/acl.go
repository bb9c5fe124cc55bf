package datatree

import "zook/jute"

// References that no transaction makes.
const (
	// openACLRef is world:anyone:cdrwa, which no table holds
	// (ReferenceCountedACLCache.OPEN_UNSAFE_ACL_ID).
	openACLRef int64 = -1
	// nobodyACLRef stands for an ACL that is not known yet: a fuzzy snapshot may
	// hold a znode whose ACL is newer than its table, until replay comes to the
	// transaction that set it. Apache's references begin at 1.
	nobodyACLRef int64 = 0
)

var (
	openACL   = jute.OpenACL()
	nobodyACL = []jute.ACL{{ID: jute.ID{Scheme: "world", ID: "anyone"}}}
)

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

// define sets the ACL of a reference that a snapshot's table names.
func (t *aclTable) define(ref int64, acl []jute.ACL) {
	if ref == openACLRef || ref == nobodyACLRef {
		return
	}
	e := &aclEntry{acl: acl, key: aclKey(acl)}
	t.byRef[ref] = e
	t.byKey[e.key] = ref
	t.last = max(t.last, ref)
}

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

// useRef counts one more use of a reference that a snapshot's znode has, and
// returns it; one that the table lacks becomes nobodyACLRef, as the number may
// be given to another ACL before replay mends the znode.
func (t *aclTable) useRef(ref int64) int64 {
	if ref == openACLRef {
		return ref
	}
	e := t.byRef[ref]
	if e == nil {
		return nobodyACLRef
	}
	e.uses++
	return ref
}

func (t *aclTable) drop(ref int64) {
	e := t.byRef[ref]
	if e == nil {
		return
	}
	if e.uses--; e.uses <= 0 {
		t.forget(ref, e)
	}
}

func (t *aclTable) forget(ref int64, e *aclEntry) {
	delete(t.byRef, ref)
	if t.byKey[e.key] == ref { // a table may name an ACL twice
		delete(t.byKey, e.key)
	}
}

// dropUnused forgets what a snapshot's table holds for no znode.
func (t *aclTable) dropUnused() {
	for ref, e := range t.byRef {
		if e.uses == 0 {
			t.forget(ref, e)
		}
	}
}

func (t *aclTable) get(ref int64) []jute.ACL {
	if ref == openACLRef {
		return openACL
	}
	if e := t.byRef[ref]; e != nil {
		return e.acl
	}
	return nobodyACL
}

// all is the table, for a snapshot.
func (t *aclTable) all() map[int64][]jute.ACL {
	m := make(map[int64][]jute.ACL, len(t.byRef)+1)
	m[nobodyACLRef] = nobodyACL
	for ref, e := range t.byRef {
		m[ref] = e.acl
	}
	return m
}
