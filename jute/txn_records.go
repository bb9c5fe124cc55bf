package jute

// Records of the files (zookeeper.jute, modules txn and persistence).

// FileHeader begins a transaction log and a snapshot.
type FileHeader struct {
	Magic   int32 // LogMagic or SnapMagic
	Version int32 // 2
	DBID    int64 // 0 in a log, -1 in a snapshot
}

// Append appends the encoded record to b.
func (r *FileHeader) Append(b []byte) []byte {
	b = AppendInt(b, r.Magic)
	b = AppendInt(b, r.Version)
	return AppendLong(b, r.DBID)
}

// Decode reads the record.
func (r *FileHeader) Decode(d *Decoder) {
	r.Magic = d.Int()
	r.Version = d.Int()
	r.DBID = d.Long()
}

// TxnDigest is the digest of the tree after a transaction (since 3.6).
type TxnDigest struct {
	Version    int32 // of the digest; 2 is today's
	TreeDigest int64
}

// Append appends the encoded record to b.
func (r *TxnDigest) Append(b []byte) []byte {
	b = AppendInt(b, r.Version)
	return AppendLong(b, r.TreeDigest)
}

// Decode reads the record.
func (r *TxnDigest) Decode(d *Decoder) {
	r.Version = d.Int()
	r.TreeDigest = d.Long()
}

// TxnHeader begins every transaction.
type TxnHeader struct {
	ClientID int64 // session id
	Cxid     int32 // xid of the request
	Zxid     int64
	Time     int64 // milliseconds since the epoch
	Type     OpCode
}

// Append appends the encoded record to b.
func (r *TxnHeader) Append(b []byte) []byte {
	b = AppendLong(b, r.ClientID)
	b = AppendInt(b, r.Cxid)
	b = AppendLong(b, r.Zxid)
	b = AppendLong(b, r.Time)
	return AppendInt(b, int32(r.Type))
}

// Decode reads the record.
func (r *TxnHeader) Decode(d *Decoder) {
	r.ClientID = d.Long()
	r.Cxid = d.Int()
	r.Zxid = d.Long()
	r.Time = d.Long()
	r.Type = OpCode(d.Int())
}

// CreateTxnV0 is the create transaction of ZooKeeper before 3.4.
type CreateTxnV0 struct {
	Path      string
	Data      []byte
	ACL       []ACL
	Ephemeral bool
}

// Append appends the encoded record to b.
func (r *CreateTxnV0) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	b = appendVector(b, r.ACL)
	return AppendBool(b, r.Ephemeral)
}

// Decode reads the record.
func (r *CreateTxnV0) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.ACL = decodeVector[ACL](d, 12)
	r.Ephemeral = d.Bool()
}

// CreateTxn creates a znode.
type CreateTxn struct {
	Path           string
	Data           []byte
	ACL            []ACL
	Ephemeral      bool
	ParentCVersion int32 // the parent's cversion afterwards; -1 when it is to be counted
}

// Append appends the encoded record to b.
func (r *CreateTxn) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	b = appendVector(b, r.ACL)
	b = AppendBool(b, r.Ephemeral)
	return AppendInt(b, r.ParentCVersion)
}

// Decode reads the record.
func (r *CreateTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.ACL = decodeVector[ACL](d, 12)
	r.Ephemeral = d.Bool()
	r.ParentCVersion = d.Int()
}

// CreateTTLTxn creates a TTL znode.
type CreateTTLTxn struct {
	Path           string
	Data           []byte
	ACL            []ACL
	ParentCVersion int32
	TTL            int64 // milliseconds
}

// Append appends the encoded record to b.
func (r *CreateTTLTxn) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	b = appendVector(b, r.ACL)
	b = AppendInt(b, r.ParentCVersion)
	return AppendLong(b, r.TTL)
}

// Decode reads the record.
func (r *CreateTTLTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.ACL = decodeVector[ACL](d, 12)
	r.ParentCVersion = d.Int()
	r.TTL = d.Long()
}

// CreateContainerTxn creates a container.
type CreateContainerTxn struct {
	Path           string
	Data           []byte
	ACL            []ACL
	ParentCVersion int32
}

// Append appends the encoded record to b.
func (r *CreateContainerTxn) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	b = appendVector(b, r.ACL)
	return AppendInt(b, r.ParentCVersion)
}

// Decode reads the record.
func (r *CreateContainerTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.ACL = decodeVector[ACL](d, 12)
	r.ParentCVersion = d.Int()
}

// DeleteTxn deletes a znode.
type DeleteTxn struct {
	Path string
}

// Append appends the encoded record to b.
func (r *DeleteTxn) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *DeleteTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// SetDataTxn sets the data of a znode; also the record of reconfig.
type SetDataTxn struct {
	Path    string
	Data    []byte
	Version int32 // the version afterwards
}

// Append appends the encoded record to b.
func (r *SetDataTxn) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	return AppendInt(b, r.Version)
}

// Decode reads the record.
func (r *SetDataTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.Version = d.Int()
}

// CheckVersionTxn records a check in a multi.
type CheckVersionTxn struct {
	Path    string
	Version int32
}

// Append appends the encoded record to b.
func (r *CheckVersionTxn) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, r.Version)
}

// Decode reads the record.
func (r *CheckVersionTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Version = d.Int()
}

// SetACLTxn sets the ACL of a znode.
type SetACLTxn struct {
	Path    string
	ACL     []ACL
	Version int32 // the ACL version afterwards
}

// Append appends the encoded record to b.
func (r *SetACLTxn) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = appendVector(b, r.ACL)
	return AppendInt(b, r.Version)
}

// Decode reads the record.
func (r *SetACLTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.ACL = decodeVector[ACL](d, 12)
	r.Version = d.Int()
}

// SetMaxChildrenTxn is in the format; no server writes it.
type SetMaxChildrenTxn struct {
	Path string
	Max  int32
}

// Append appends the encoded record to b.
func (r *SetMaxChildrenTxn) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, r.Max)
}

// Decode reads the record.
func (r *SetMaxChildrenTxn) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Max = d.Int()
}

// CreateSessionTxn opens a session.
type CreateSessionTxn struct {
	Timeout int32 // milliseconds
}

// Append appends the encoded record to b.
func (r *CreateSessionTxn) Append(b []byte) []byte {
	return AppendInt(b, r.Timeout)
}

// Decode reads the record.
func (r *CreateSessionTxn) Decode(d *Decoder) {
	r.Timeout = d.Int()
}

// CloseSessionTxn closes a session and deletes its ephemerals. Servers before 3.6 write none.
type CloseSessionTxn struct {
	PathsToDelete []string
}

// Append appends the encoded record to b.
func (r *CloseSessionTxn) Append(b []byte) []byte {
	return AppendUstrings(b, r.PathsToDelete)
}

// Decode reads the record.
func (r *CloseSessionTxn) Decode(d *Decoder) {
	r.PathsToDelete = d.Ustrings()
}

// ErrorTxn records a refused request.
type ErrorTxn struct {
	Err ErrCode
}

// Append appends the encoded record to b.
func (r *ErrorTxn) Append(b []byte) []byte {
	return AppendInt(b, int32(r.Err))
}

// Decode reads the record.
func (r *ErrorTxn) Decode(d *Decoder) {
	r.Err = ErrCode(d.Int())
}

// SubTxn is one operation of a MultiTxn, still encoded.
type SubTxn struct {
	Type OpCode
	Data []byte
}

// Append appends the encoded record to b.
func (r *SubTxn) Append(b []byte) []byte {
	b = AppendInt(b, int32(r.Type))
	return AppendBuffer(b, r.Data)
}

// Decode reads the record.
func (r *SubTxn) Decode(d *Decoder) {
	r.Type = OpCode(d.Int())
	r.Data = d.Buffer()
}

// MultiTxn is several operations as one transaction.
type MultiTxn struct {
	Txns []SubTxn
}

// Append appends the encoded record to b.
func (r *MultiTxn) Append(b []byte) []byte {
	return appendVector(b, r.Txns)
}

// Decode reads the record.
func (r *MultiTxn) Decode(d *Decoder) {
	r.Txns = decodeVector[SubTxn](d, 8)
}
