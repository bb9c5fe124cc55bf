package jute

// Records that clients send (zookeeper.jute, module proto).

// ConnectRequest opens or resumes a session. It is the first frame of a connection and has no header. Clients before 3.4 leave out ReadOnly.
type ConnectRequest struct {
	ProtocolVersion int32
	LastZxidSeen    int64
	Timeout         int32 // milliseconds
	SessionID       int64 // 0 opens a new session
	Passwd          []byte
	ReadOnly        bool
}

// Append appends the encoded record to b.
func (r *ConnectRequest) Append(b []byte) []byte {
	b = AppendInt(b, r.ProtocolVersion)
	b = AppendLong(b, r.LastZxidSeen)
	b = AppendInt(b, r.Timeout)
	b = AppendLong(b, r.SessionID)
	b = AppendBuffer(b, r.Passwd)
	return AppendBool(b, r.ReadOnly)
}

// Decode reads the record.
func (r *ConnectRequest) Decode(d *Decoder) {
	r.ProtocolVersion = d.Int()
	r.LastZxidSeen = d.Long()
	r.Timeout = d.Int()
	r.SessionID = d.Long()
	r.Passwd = d.Buffer()
	r.ReadOnly = d.More() && d.Bool()
}

// SetWatches sets one-shot watches again after a reconnect.
type SetWatches struct {
	RelativeZxid int64 // the last zxid that the client saw
	DataWatches  []string
	ExistWatches []string
	ChildWatches []string
}

// Append appends the encoded record to b.
func (r *SetWatches) Append(b []byte) []byte {
	b = AppendLong(b, r.RelativeZxid)
	b = AppendUstrings(b, r.DataWatches)
	b = AppendUstrings(b, r.ExistWatches)
	return AppendUstrings(b, r.ChildWatches)
}

// Decode reads the record.
func (r *SetWatches) Decode(d *Decoder) {
	r.RelativeZxid = d.Long()
	r.DataWatches = d.Ustrings()
	r.ExistWatches = d.Ustrings()
	r.ChildWatches = d.Ustrings()
}

// SetWatches2 is SetWatches with persistent watches (since 3.6).
type SetWatches2 struct {
	RelativeZxid               int64 // the last zxid that the client saw
	DataWatches                []string
	ExistWatches               []string
	ChildWatches               []string
	PersistentWatches          []string
	PersistentRecursiveWatches []string
}

// Append appends the encoded record to b.
func (r *SetWatches2) Append(b []byte) []byte {
	b = AppendLong(b, r.RelativeZxid)
	b = AppendUstrings(b, r.DataWatches)
	b = AppendUstrings(b, r.ExistWatches)
	b = AppendUstrings(b, r.ChildWatches)
	b = AppendUstrings(b, r.PersistentWatches)
	return AppendUstrings(b, r.PersistentRecursiveWatches)
}

// Decode reads the record.
func (r *SetWatches2) Decode(d *Decoder) {
	r.RelativeZxid = d.Long()
	r.DataWatches = d.Ustrings()
	r.ExistWatches = d.Ustrings()
	r.ChildWatches = d.Ustrings()
	r.PersistentWatches = d.Ustrings()
	r.PersistentRecursiveWatches = d.Ustrings()
}

// RequestHeader precedes every request but the first.
type RequestHeader struct {
	Xid  int32
	Type OpCode
}

// Append appends the encoded record to b.
func (r *RequestHeader) Append(b []byte) []byte {
	b = AppendInt(b, r.Xid)
	return AppendInt(b, int32(r.Type))
}

// Decode reads the record.
func (r *RequestHeader) Decode(d *Decoder) {
	r.Xid = d.Int()
	r.Type = OpCode(d.Int())
}

// MultiHeader precedes each operation of a multi, and ends it with Done.
type MultiHeader struct {
	Type OpCode
	Done bool
	Err  ErrCode
}

// Append appends the encoded record to b.
func (r *MultiHeader) Append(b []byte) []byte {
	b = AppendInt(b, int32(r.Type))
	b = AppendBool(b, r.Done)
	return AppendInt(b, int32(r.Err))
}

// Decode reads the record.
func (r *MultiHeader) Decode(d *Decoder) {
	r.Type = OpCode(d.Int())
	r.Done = d.Bool()
	r.Err = ErrCode(d.Int())
}

// AuthPacket adds an identity to the connection.
type AuthPacket struct {
	Type   int32 // unused
	Scheme string
	Auth   []byte
}

// Append appends the encoded record to b.
func (r *AuthPacket) Append(b []byte) []byte {
	b = AppendInt(b, r.Type)
	b = AppendUstring(b, r.Scheme)
	return AppendBuffer(b, r.Auth)
}

// Decode reads the record.
func (r *AuthPacket) Decode(d *Decoder) {
	r.Type = d.Int()
	r.Scheme = d.Ustring()
	r.Auth = d.Buffer()
}

// GetDataRequest is the body of getData.
type GetDataRequest struct {
	Path  string
	Watch bool
}

// Append appends the encoded record to b.
func (r *GetDataRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendBool(b, r.Watch)
}

// Decode reads the record.
func (r *GetDataRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Watch = d.Bool()
}

// SetDataRequest is the body of setData.
type SetDataRequest struct {
	Path    string
	Data    []byte
	Version int32 // -1 for any
}

// Append appends the encoded record to b.
func (r *SetDataRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	return AppendInt(b, r.Version)
}

// Decode reads the record.
func (r *SetDataRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.Version = d.Int()
}

// ReconfigRequest changes the members of an ensemble. A nil NewMembers makes it incremental.
type ReconfigRequest struct {
	JoiningServers []byte
	LeavingServers []byte
	NewMembers     []byte
	CurConfigID    int64 // -1 for any
}

// Append appends the encoded record to b.
func (r *ReconfigRequest) Append(b []byte) []byte {
	b = AppendBuffer(b, r.JoiningServers)
	b = AppendBuffer(b, r.LeavingServers)
	b = AppendBuffer(b, r.NewMembers)
	return AppendLong(b, r.CurConfigID)
}

// Decode reads the record.
func (r *ReconfigRequest) Decode(d *Decoder) {
	r.JoiningServers = d.Buffer()
	r.LeavingServers = d.Buffer()
	r.NewMembers = d.Buffer()
	r.CurConfigID = d.Long()
}

// GetSASLRequest carries a SASL token (older form).
type GetSASLRequest struct {
	Token []byte
}

// Append appends the encoded record to b.
func (r *GetSASLRequest) Append(b []byte) []byte {
	return AppendBuffer(b, r.Token)
}

// Decode reads the record.
func (r *GetSASLRequest) Decode(d *Decoder) {
	r.Token = d.Buffer()
}

// SetSASLRequest carries a SASL token to the server.
type SetSASLRequest struct {
	Token []byte
}

// Append appends the encoded record to b.
func (r *SetSASLRequest) Append(b []byte) []byte {
	return AppendBuffer(b, r.Token)
}

// Decode reads the record.
func (r *SetSASLRequest) Decode(d *Decoder) {
	r.Token = d.Buffer()
}

// CreateRequest is the body of create, create2 and createContainer.
type CreateRequest struct {
	Path  string
	Data  []byte
	ACL   []ACL
	Flags CreateMode
}

// Append appends the encoded record to b.
func (r *CreateRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	b = appendVector(b, r.ACL)
	return AppendInt(b, int32(r.Flags))
}

// Decode reads the record.
func (r *CreateRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.ACL = decodeVector[ACL](d, 12)
	r.Flags = CreateMode(d.Int())
}

// CreateTTLRequest is the body of createTTL.
type CreateTTLRequest struct {
	Path  string
	Data  []byte
	ACL   []ACL
	Flags CreateMode
	TTL   int64 // milliseconds
}

// Append appends the encoded record to b.
func (r *CreateTTLRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = AppendBuffer(b, r.Data)
	b = appendVector(b, r.ACL)
	b = AppendInt(b, int32(r.Flags))
	return AppendLong(b, r.TTL)
}

// Decode reads the record.
func (r *CreateTTLRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Data = d.Buffer()
	r.ACL = decodeVector[ACL](d, 12)
	r.Flags = CreateMode(d.Int())
	r.TTL = d.Long()
}

// DeleteRequest is the body of delete.
type DeleteRequest struct {
	Path    string
	Version int32 // -1 for any
}

// Append appends the encoded record to b.
func (r *DeleteRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, r.Version)
}

// Decode reads the record.
func (r *DeleteRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Version = d.Int()
}

// DeleteContainerRequest is what the server submits to itself when a container or TTL node is due.
type DeleteContainerRequest struct {
	Path string
}

// Append appends the encoded record to b.
func (r *DeleteContainerRequest) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *DeleteContainerRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// GetChildrenRequest is the body of getChildren.
type GetChildrenRequest struct {
	Path  string
	Watch bool
}

// Append appends the encoded record to b.
func (r *GetChildrenRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendBool(b, r.Watch)
}

// Decode reads the record.
func (r *GetChildrenRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Watch = d.Bool()
}

// GetChildren2Request is the body of getChildren2.
type GetChildren2Request struct {
	Path  string
	Watch bool
}

// Append appends the encoded record to b.
func (r *GetChildren2Request) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendBool(b, r.Watch)
}

// Decode reads the record.
func (r *GetChildren2Request) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Watch = d.Bool()
}

// GetAllChildrenNumberRequest asks for the number of all descendants (since 3.6).
type GetAllChildrenNumberRequest struct {
	Path string
}

// Append appends the encoded record to b.
func (r *GetAllChildrenNumberRequest) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *GetAllChildrenNumberRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// CheckVersionRequest is the body of check, which only occurs in a multi.
type CheckVersionRequest struct {
	Path    string
	Version int32 // -1 for any
}

// Append appends the encoded record to b.
func (r *CheckVersionRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, r.Version)
}

// Decode reads the record.
func (r *CheckVersionRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Version = d.Int()
}

// GetMaxChildrenRequest is in the protocol; no server answers it.
type GetMaxChildrenRequest struct {
	Path string
}

// Append appends the encoded record to b.
func (r *GetMaxChildrenRequest) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *GetMaxChildrenRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// SetMaxChildrenRequest is in the protocol; no server answers it.
type SetMaxChildrenRequest struct {
	Path string
	Max  int32
}

// Append appends the encoded record to b.
func (r *SetMaxChildrenRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, r.Max)
}

// Decode reads the record.
func (r *SetMaxChildrenRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Max = d.Int()
}

// SyncRequest is the body of sync.
type SyncRequest struct {
	Path string
}

// Append appends the encoded record to b.
func (r *SyncRequest) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *SyncRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// GetACLRequest is the body of getACL.
type GetACLRequest struct {
	Path string
}

// Append appends the encoded record to b.
func (r *GetACLRequest) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *GetACLRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// SetACLRequest is the body of setACL.
type SetACLRequest struct {
	Path    string
	ACL     []ACL
	Version int32 // of the ACL; -1 for any
}

// Append appends the encoded record to b.
func (r *SetACLRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	b = appendVector(b, r.ACL)
	return AppendInt(b, r.Version)
}

// Decode reads the record.
func (r *SetACLRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.ACL = decodeVector[ACL](d, 12)
	r.Version = d.Int()
}

// AddWatchRequest sets a persistent watch (since 3.6).
type AddWatchRequest struct {
	Path string
	Mode AddWatchMode
}

// Append appends the encoded record to b.
func (r *AddWatchRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, int32(r.Mode))
}

// Decode reads the record.
func (r *AddWatchRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Mode = AddWatchMode(d.Int())
}

// ExistsRequest is the body of exists.
type ExistsRequest struct {
	Path  string
	Watch bool
}

// Append appends the encoded record to b.
func (r *ExistsRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendBool(b, r.Watch)
}

// Decode reads the record.
func (r *ExistsRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Watch = d.Bool()
}

// CheckWatchesRequest asks whether a watch is set (ErrNoWatcher if not).
type CheckWatchesRequest struct {
	Path string
	Type WatcherType
}

// Append appends the encoded record to b.
func (r *CheckWatchesRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, int32(r.Type))
}

// Decode reads the record.
func (r *CheckWatchesRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Type = WatcherType(d.Int())
}

// RemoveWatchesRequest removes watches of the connection.
type RemoveWatchesRequest struct {
	Path string
	Type WatcherType
}

// Append appends the encoded record to b.
func (r *RemoveWatchesRequest) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return AppendInt(b, int32(r.Type))
}

// Decode reads the record.
func (r *RemoveWatchesRequest) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Type = WatcherType(d.Int())
}

// GetEphemeralsRequest asks for the ephemerals of the session below a prefix.
type GetEphemeralsRequest struct {
	PrefixPath string
}

// Append appends the encoded record to b.
func (r *GetEphemeralsRequest) Append(b []byte) []byte {
	return AppendUstring(b, r.PrefixPath)
}

// Decode reads the record.
func (r *GetEphemeralsRequest) Decode(d *Decoder) {
	r.PrefixPath = d.Ustring()
}
