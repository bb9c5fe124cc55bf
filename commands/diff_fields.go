package commands

import (
	"fmt"
	"slices"
	"strings"

	"zook/jute"
)

// diffField is something in which a znode can differ from what it was.
type diffField struct {
	name   string
	differ func(a, b *savedRecord) bool
	text   func(r *savedRecord, t *treeDiff, s Style) string
}

// fieldSet is a set of diffFields, by their place.
type fieldSet uint16

// diffFields are in the order in which they are told.
var diffFields = []diffField{
	{"data", func(a, b *savedRecord) bool { return a.size != b.size || a.sum != b.sum }, func(r *savedRecord, _ *treeDiff, s Style) string {
		if r.size < 0 {
			return "none"
		}
		return inBytes(s.Size(int64(r.size)))
	}},
	{"acl", func(a, b *savedRecord) bool { return a.acl != b.acl }, func(r *savedRecord, t *treeDiff, _ Style) string {
		return joinACL(t.acls[r.acl])
	}},
	numberField("version", func(s *jute.StatPersisted) int64 { return int64(s.Version) }),
	numberField("aversion", func(s *jute.StatPersisted) int64 { return int64(s.Aversion) }),
	zxidField("czxid", func(s *jute.StatPersisted) int64 { return s.Czxid }),
	{"owner", func(a, b *savedRecord) bool { return a.stat.EphemeralOwner != b.stat.EphemeralOwner }, func(r *savedRecord, _ *treeDiff, _ Style) string {
		return ownerText(r.stat.EphemeralOwner)
	}},
	numberField("cversion", func(s *jute.StatPersisted) int64 { return int64(s.Cversion) }),
	zxidField("mzxid", func(s *jute.StatPersisted) int64 { return s.Mzxid }),
	zxidField("pzxid", func(s *jute.StatPersisted) int64 { return s.Pzxid }),
	timeField("ctime", func(s *jute.StatPersisted) int64 { return s.Ctime }),
	timeField("mtime", func(s *jute.StatPersisted) int64 { return s.Mtime }),
}

// defaultFields are those that do not follow from others: whoever sets data changes
// mzxid and mtime, and whoever creates a child the pzxid and cversion of its parent.
const defaultFields fieldSet = 1<<6 - 1

func statField(name string, get func(*jute.StatPersisted) int64, text func(int64) string) diffField {
	return diffField{name,
		func(a, b *savedRecord) bool { return get(&a.stat) != get(&b.stat) },
		func(r *savedRecord, _ *treeDiff, _ Style) string { return text(get(&r.stat)) }}
}

func numberField(name string, get func(*jute.StatPersisted) int64) diffField {
	return statField(name, get, func(v int64) string { return fmt.Sprint(v) })
}

func zxidField(name string, get func(*jute.StatPersisted) int64) diffField {
	return statField(name, get, func(v int64) string { return Hex(v).String() })
}

func timeField(name string, get func(*jute.StatPersisted) int64) diffField {
	return statField(name, get, func(v int64) string { return Time(v).String() })
}

func fieldNames() []string {
	names := make([]string, len(diffFields))
	for i := range diffFields {
		names[i] = diffFields[i].name
	}
	return names
}

// parseFields is the set that names stand for; without any the default.
func parseFields(names []string) (set fieldSet, err error) {
	if names == nil {
		return defaultFields, nil
	}
	known := fieldNames()
	for _, name := range names {
		i := slices.Index(known, name)
		switch {
		case name == "all":
			set |= 1<<len(diffFields) - 1
		case i < 0:
			return 0, usagef("--fields: there is no %q; there are %s, all", name, strings.Join(known, ", "))
		default:
			set |= 1 << i
		}
	}
	return set, nil
}

// names are those of the fields in the set.
func (f fieldSet) names() []string {
	var names []string
	for i := range diffFields {
		if f&(1<<i) != 0 {
			names = append(names, diffFields[i].name)
		}
	}
	return names
}

// changed are the fields of the set in which two records differ.
func (f fieldSet) changed(a, b *savedRecord) (set fieldSet) {
	for i := range diffFields {
		if f&(1<<i) != 0 && diffFields[i].differ(a, b) {
			set |= 1 << i
		}
	}
	return set
}

// ownerText is such as "persistent" or "ephemeral of 0x100".
func ownerText(owner int64) string {
	switch kind, ttl := kindOf(owner); kind {
	case "ephemeral":
		return fmt.Sprintf("ephemeral of %v", Hex(owner))
	case "ttl":
		return fmt.Sprintf("ttl of %d ms", ttl)
	default:
		return kind
	}
}

// inBytes says that a size is bytes, if it has no unit.
func inBytes(size string) string {
	if strings.HasSuffix(size, "B") {
		return size
	}
	return size + " bytes"
}

func joinACL(acl []jute.ACL) string {
	entries := make([]string, len(acl))
	for i, a := range acl {
		entries[i] = a.String()
	}
	return strings.Join(entries, ",")
}
