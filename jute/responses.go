package jute

// Records that servers send (zookeeper.jute, module proto).

// ConnectResponse answers ConnectRequest. A SessionID and Timeout of 0 mean that the session has expired.
type ConnectResponse struct {
	ProtocolVersion int32
	Timeout         int32 // negotiated, milliseconds
	SessionID       int64
	Passwd          []byte
	ReadOnly        bool
}

// Append appends the encoded record to b.
func (r *ConnectResponse) Append(b []byte) []byte {
	b = AppendInt(b, r.ProtocolVersion)
	b = AppendInt(b, r.Timeout)
	b = AppendLong(b, r.SessionID)
	b = AppendBuffer(b, r.Passwd)
	return AppendBool(b, r.ReadOnly)
}

// Decode reads the record.
func (r *ConnectResponse) Decode(d *Decoder) {
	r.ProtocolVersion = d.Int()
	r.Timeout = d.Int()
	r.SessionID = d.Long()
	r.Passwd = d.Buffer()
	r.ReadOnly = d.More() && d.Bool()
}

// ReplyHeader precedes every reply but the first, and every watch event.
type ReplyHeader struct {
	Xid  int32 // of the request, or XidNotification
	Zxid int64 // last zxid the server has applied; -1 on a watch event
	Err  ErrCode
}

// Append appends the encoded record to b.
func (r *ReplyHeader) Append(b []byte) []byte {
	b = AppendInt(b, r.Xid)
	b = AppendLong(b, r.Zxid)
	return AppendInt(b, int32(r.Err))
}

// Decode reads the record.
func (r *ReplyHeader) Decode(d *Decoder) {
	r.Xid = d.Int()
	r.Zxid = d.Long()
	r.Err = ErrCode(d.Int())
}

// SetSASLResponse carries a SASL token to the client.
type SetSASLResponse struct {
	Token []byte
}

// Append appends the encoded record to b.
func (r *SetSASLResponse) Append(b []byte) []byte {
	return AppendBuffer(b, r.Token)
}

// Decode reads the record.
func (r *SetSASLResponse) Decode(d *Decoder) {
	r.Token = d.Buffer()
}

// GetMaxChildrenResponse is in the protocol; no server sends it.
type GetMaxChildrenResponse struct {
	Max int32
}

// Append appends the encoded record to b.
func (r *GetMaxChildrenResponse) Append(b []byte) []byte {
	return AppendInt(b, r.Max)
}

// Decode reads the record.
func (r *GetMaxChildrenResponse) Decode(d *Decoder) {
	r.Max = d.Int()
}

// SyncResponse answers sync.
type SyncResponse struct {
	Path string
}

// Append appends the encoded record to b.
func (r *SyncResponse) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *SyncResponse) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// SetACLResponse answers setACL.
type SetACLResponse struct {
	Stat Stat
}

// Append appends the encoded record to b.
func (r *SetACLResponse) Append(b []byte) []byte {
	return r.Stat.Append(b)
}

// Decode reads the record.
func (r *SetACLResponse) Decode(d *Decoder) {
	r.Stat.Decode(d)
}

// WatcherEvent tells of a change that a watch was set for.
type WatcherEvent struct {
	Type  EventType
	State KeeperState
	Path  string
}

// Append appends the encoded record to b.
func (r *WatcherEvent) Append(b []byte) []byte {
	b = AppendInt(b, int32(r.Type))
	b = AppendInt(b, int32(r.State))
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *WatcherEvent) Decode(d *Decoder) {
	r.Type = EventType(d.Int())
	r.State = KeeperState(d.Int())
	r.Path = d.Ustring()
}

// ErrorResponse is the result of a failed operation of a multi.
type ErrorResponse struct {
	Err ErrCode
}

// Append appends the encoded record to b.
func (r *ErrorResponse) Append(b []byte) []byte {
	return AppendInt(b, int32(r.Err))
}

// Decode reads the record.
func (r *ErrorResponse) Decode(d *Decoder) {
	r.Err = ErrCode(d.Int())
}

// CreateResponse answers create.
type CreateResponse struct {
	Path string
}

// Append appends the encoded record to b.
func (r *CreateResponse) Append(b []byte) []byte {
	return AppendUstring(b, r.Path)
}

// Decode reads the record.
func (r *CreateResponse) Decode(d *Decoder) {
	r.Path = d.Ustring()
}

// Create2Response answers create2, createContainer and createTTL.
type Create2Response struct {
	Path string
	Stat Stat
}

// Append appends the encoded record to b.
func (r *Create2Response) Append(b []byte) []byte {
	b = AppendUstring(b, r.Path)
	return r.Stat.Append(b)
}

// Decode reads the record.
func (r *Create2Response) Decode(d *Decoder) {
	r.Path = d.Ustring()
	r.Stat.Decode(d)
}

// ExistsResponse answers exists.
type ExistsResponse struct {
	Stat Stat
}

// Append appends the encoded record to b.
func (r *ExistsResponse) Append(b []byte) []byte {
	return r.Stat.Append(b)
}

// Decode reads the record.
func (r *ExistsResponse) Decode(d *Decoder) {
	r.Stat.Decode(d)
}

// SetDataResponse answers setData.
type SetDataResponse struct {
	Stat Stat
}

// Append appends the encoded record to b.
func (r *SetDataResponse) Append(b []byte) []byte {
	return r.Stat.Append(b)
}

// Decode reads the record.
func (r *SetDataResponse) Decode(d *Decoder) {
	r.Stat.Decode(d)
}

// GetDataResponse answers getData.
type GetDataResponse struct {
	Data []byte
	Stat Stat
}

// Append appends the encoded record to b.
func (r *GetDataResponse) Append(b []byte) []byte {
	b = AppendBuffer(b, r.Data)
	return r.Stat.Append(b)
}

// Decode reads the record.
func (r *GetDataResponse) Decode(d *Decoder) {
	r.Data = d.Buffer()
	r.Stat.Decode(d)
}

// GetChildrenResponse answers getChildren.
type GetChildrenResponse struct {
	Children []string
}

// Append appends the encoded record to b.
func (r *GetChildrenResponse) Append(b []byte) []byte {
	return AppendUstrings(b, r.Children)
}

// Decode reads the record.
func (r *GetChildrenResponse) Decode(d *Decoder) {
	r.Children = d.Ustrings()
}

// GetChildren2Response answers getChildren2.
type GetChildren2Response struct {
	Children []string
	Stat     Stat
}

// Append appends the encoded record to b.
func (r *GetChildren2Response) Append(b []byte) []byte {
	b = AppendUstrings(b, r.Children)
	return r.Stat.Append(b)
}

// Decode reads the record.
func (r *GetChildren2Response) Decode(d *Decoder) {
	r.Children = d.Ustrings()
	r.Stat.Decode(d)
}

// GetAllChildrenNumberResponse answers getAllChildrenNumber.
type GetAllChildrenNumberResponse struct {
	TotalNumber int32
}

// Append appends the encoded record to b.
func (r *GetAllChildrenNumberResponse) Append(b []byte) []byte {
	return AppendInt(b, r.TotalNumber)
}

// Decode reads the record.
func (r *GetAllChildrenNumberResponse) Decode(d *Decoder) {
	r.TotalNumber = d.Int()
}

// GetACLResponse answers getACL.
type GetACLResponse struct {
	ACL  []ACL
	Stat Stat
}

// Append appends the encoded record to b.
func (r *GetACLResponse) Append(b []byte) []byte {
	b = appendVector(b, r.ACL)
	return r.Stat.Append(b)
}

// Decode reads the record.
func (r *GetACLResponse) Decode(d *Decoder) {
	r.ACL = decodeVector[ACL](d, 12)
	r.Stat.Decode(d)
}

// GetEphemeralsResponse answers getEphemerals.
type GetEphemeralsResponse struct {
	Ephemerals []string
}

// Append appends the encoded record to b.
func (r *GetEphemeralsResponse) Append(b []byte) []byte {
	return AppendUstrings(b, r.Ephemerals)
}

// Decode reads the record.
func (r *GetEphemeralsResponse) Decode(d *Decoder) {
	r.Ephemerals = d.Ustrings()
}

// WhoAmIResponse answers whoAmI.
type WhoAmIResponse struct {
	ClientInfo []ClientInfo
}

// Append appends the encoded record to b.
func (r *WhoAmIResponse) Append(b []byte) []byte {
	return appendVector(b, r.ClientInfo)
}

// Decode reads the record.
func (r *WhoAmIResponse) Decode(d *Decoder) {
	r.ClientInfo = decodeVector[ClientInfo](d, 8)
}
