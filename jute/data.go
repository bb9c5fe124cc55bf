package jute

// Records that the others hold (zookeeper.jute, module data).

// ID names who an ACL entry is for: a scheme such as "world" or "digest" and an identity in it.
type ID struct {
	Scheme string
	ID     string
}

// Append appends the encoded record to b.
func (r *ID) Append(b []byte) []byte {
	b = AppendUstring(b, r.Scheme)
	return AppendUstring(b, r.ID)
}

// Decode reads the record.
func (r *ID) Decode(d *Decoder) {
	r.Scheme = usualString(d.Buffer())
	r.ID = usualString(d.Buffer())
}

// usualString is string(b), but takes no memory for what most ACLs say.
func usualString(b []byte) string {
	switch string(b) {
	case "world":
		return "world"
	case "anyone":
		return "anyone"
	}
	return string(b)
}

// ACL grants the permissions Perms to ID.
type ACL struct {
	Perms Perms
	ID    ID
}

// Append appends the encoded record to b.
func (r *ACL) Append(b []byte) []byte {
	b = AppendInt(b, int32(r.Perms))
	return r.ID.Append(b)
}

// Decode reads the record.
func (r *ACL) Decode(d *Decoder) {
	r.Perms = Perms(d.Int())
	r.ID.Decode(d)
}

// Stat is what a client sees of a znode besides its data.
type Stat struct {
	Czxid          int64 // zxid that created the znode
	Mzxid          int64 // zxid that last set its data
	Ctime          int64 // milliseconds since the epoch
	Mtime          int64 // milliseconds since the epoch
	Version        int32 // of the data
	Cversion       int32 // of the children
	Aversion       int32 // of the ACL
	EphemeralOwner int64 // session id; 0 for any znode that is no ephemeral
	DataLength     int32 // bytes
	NumChildren    int32
	Pzxid          int64 // zxid that last added or removed a child
}

// Append appends the encoded record to b.
func (r *Stat) Append(b []byte) []byte {
	b = AppendLong(b, r.Czxid)
	b = AppendLong(b, r.Mzxid)
	b = AppendLong(b, r.Ctime)
	b = AppendLong(b, r.Mtime)
	b = AppendInt(b, r.Version)
	b = AppendInt(b, r.Cversion)
	b = AppendInt(b, r.Aversion)
	b = AppendLong(b, r.EphemeralOwner)
	b = AppendInt(b, r.DataLength)
	b = AppendInt(b, r.NumChildren)
	return AppendLong(b, r.Pzxid)
}

// Decode reads the record.
func (r *Stat) Decode(d *Decoder) {
	r.Czxid = d.Long()
	r.Mzxid = d.Long()
	r.Ctime = d.Long()
	r.Mtime = d.Long()
	r.Version = d.Int()
	r.Cversion = d.Int()
	r.Aversion = d.Int()
	r.EphemeralOwner = d.Long()
	r.DataLength = d.Int()
	r.NumChildren = d.Int()
	r.Pzxid = d.Long()
}

// StatPersisted is the part of Stat that a snapshot stores; the rest is derived.
type StatPersisted struct {
	Czxid          int64
	Mzxid          int64
	Ctime          int64 // milliseconds since the epoch
	Mtime          int64 // milliseconds since the epoch
	Version        int32
	Cversion       int32
	Aversion       int32
	EphemeralOwner int64
	Pzxid          int64
}

// Append appends the encoded record to b.
func (r *StatPersisted) Append(b []byte) []byte {
	b = AppendLong(b, r.Czxid)
	b = AppendLong(b, r.Mzxid)
	b = AppendLong(b, r.Ctime)
	b = AppendLong(b, r.Mtime)
	b = AppendInt(b, r.Version)
	b = AppendInt(b, r.Cversion)
	b = AppendInt(b, r.Aversion)
	b = AppendLong(b, r.EphemeralOwner)
	return AppendLong(b, r.Pzxid)
}

// Decode reads the record.
func (r *StatPersisted) Decode(d *Decoder) {
	r.Czxid = d.Long()
	r.Mzxid = d.Long()
	r.Ctime = d.Long()
	r.Mtime = d.Long()
	r.Version = d.Int()
	r.Cversion = d.Int()
	r.Aversion = d.Int()
	r.EphemeralOwner = d.Long()
	r.Pzxid = d.Long()
}

// ClientInfo is one identity of a connection, as whoAmI answers it.
type ClientInfo struct {
	AuthScheme string
	User       string
}

// Append appends the encoded record to b.
func (r *ClientInfo) Append(b []byte) []byte {
	b = AppendUstring(b, r.AuthScheme)
	return AppendUstring(b, r.User)
}

// Decode reads the record.
func (r *ClientInfo) Decode(d *Decoder) {
	r.AuthScheme = d.Ustring()
	r.User = d.Ustring()
}
