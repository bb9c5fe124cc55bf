package commands

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"zook/datatree"
	"zook/jute"
)

// exportACL is an entry of an ACL in an export.
type exportACL struct {
	Scheme string      `json:"scheme"`
	ID     string      `json:"id"`
	Perms  exportPerms `json:"perms"`
}

// exportPerms are letters of cdrwa, or a number.
type exportPerms jute.Perms

func (p *exportPerms) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '"' {
		n, err := strconv.ParseInt(string(b), 10, 32)
		*p = exportPerms(n)
		if err != nil {
			return fmt.Errorf("perms: %.40q is neither letters of cdrwa nor a number", b)
		}
		return nil
	}
	perms, err := jute.ParsePerms(string(bytes.Trim(b, `"`)))
	*p = exportPerms(perms)
	return err
}

// exportMillis is a time: milliseconds since the epoch, or RFC 3339.
type exportMillis int64

func (m *exportMillis) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '"' {
		n, err := strconv.ParseInt(string(b), 10, 64)
		*m = exportMillis(n)
		if err != nil {
			return fmt.Errorf("%.40q is neither a time nor milliseconds", b)
		}
		return nil
	}
	s := string(bytes.Trim(b, `"`))
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("%.40q is no time as RFC 3339 writes it", s)
	}
	*m = exportMillis(t.UnixMilli())
	return nil
}

func (r *exportReader) znode(line *exportLine) error {
	if err := r.begin(); err != nil {
		return err
	}
	z := savedZnode{path: *line.Path}
	if err := jute.CheckPath(z.path, false); err != nil {
		return r.corrupt("%v", err)
	}
	r.last = z.path
	err := r.order.add(z.path)
	if err == nil {
		z.data, err = line.data()
	}
	if err == nil {
		z.stat, err = line.stat()
	}
	if err != nil {
		return r.corrupt("%v", err)
	}
	z.acl = r.acl(line.ACL)
	r.facts.add(&z)
	return r.v.znode(&z)
}

// data is nil where the znode has none.
func (l *exportLine) data() ([]byte, error) {
	switch {
	case l.Data != nil && l.DataBase64 != nil:
		return nil, errors.New("it has both data and dataBase64")
	case l.Data != nil:
		return append([]byte{}, *l.Data...), nil
	case l.DataBase64 != nil:
		return append([]byte{}, *l.DataBase64...), nil
	}
	return nil, nil
}

// acl is the open ACL where none is said. Equal ones are the same.
func (r *exportReader) acl(entries []exportACL) []jute.ACL {
	if entries == nil {
		return jute.OpenACL()
	}
	list := make([]jute.ACL, len(entries))
	var key []byte
	for i, e := range entries {
		list[i] = jute.ACL{Perms: jute.Perms(e.Perms), ID: jute.ID{Scheme: e.Scheme, ID: e.ID}}
		key = list[i].Append(key)
	}
	if known, ok := r.acls[string(key)]; ok {
		return known
	}
	r.acls[string(key)] = list
	return list
}

func (l *exportLine) stat() (jute.StatPersisted, error) {
	s := jute.StatPersisted{Ctime: int64(l.Ctime), Mtime: int64(l.Mtime), Version: l.Version, Cversion: l.Cversion, Aversion: l.Aversion}
	for _, f := range []struct {
		name, value string
		into        *int64
	}{{"czxid", l.Czxid, &s.Czxid}, {"mzxid", l.Mzxid, &s.Mzxid}, {"pzxid", l.Pzxid, &s.Pzxid}} {
		if f.value == "" {
			continue
		}
		v, err := parseZxid(f.value)
		if err != nil {
			return s, fmt.Errorf("%s: %w", f.name, err)
		}
		*f.into = v
	}
	var err error
	s.EphemeralOwner, err = l.owner()
	return s, err
}

// owner is the ephemeralOwner that says of which kind the znode is.
func (l *exportLine) owner() (int64, error) {
	kind := l.Kind
	if kind == "" {
		switch kind = "persistent"; {
		case l.Owner != nil:
			kind = "ephemeral"
		case l.TTL != nil:
			kind = "ttl"
		}
	}
	switch {
	case l.Owner != nil && kind != "ephemeral", l.TTL != nil && kind != "ttl":
		return 0, fmt.Errorf("its kind is %s, and it has the ephemeralOwner or the ttl of another", kind)
	case kind == "persistent":
		return 0, nil
	case kind == "container":
		return datatree.ContainerOwner, nil
	case kind == "ttl" && (l.TTL == nil || *l.TTL < 0 || *l.TTL > datatree.MaxTTL):
		return 0, fmt.Errorf("its kind is ttl, and it has none from 0 to %d ms", int64(datatree.MaxTTL))
	case kind == "ttl":
		return datatree.TTLOwner(*l.TTL), nil
	case kind != "ephemeral":
		return 0, fmt.Errorf("kind %.40q: there are persistent, ephemeral, container and ttl", kind)
	case l.Owner == nil:
		return 0, errors.New("its kind is ephemeral, and it has no ephemeralOwner")
	}
	owner, err := parseZxid(*l.Owner)
	if err != nil {
		return 0, fmt.Errorf("ephemeralOwner: %w", err)
	}
	if k, _ := datatree.OwnerKind(owner); k != datatree.KindEphemeral {
		return 0, fmt.Errorf("the ephemeralOwner 0x%x is no session", uint64(owner))
	}
	return owner, nil
}
