package jute

import (
	"errors"
	"fmt"
)

// Txn is a transaction as logs hold it and as a tree applies it:
//
//	TxnHeader | body by header.Type | TxnDigest, since 3.6
//
// Format: SerializeUtils.deserializeTxn.
type Txn struct {
	Header TxnHeader
	// Body is nil only for a closeSession of a server before 3.6, or of one that was
	// told not to write down the paths.
	Body   Record
	Digest *TxnDigest
}

// NewTxnBody returns an empty body for a transaction type, or nil if the type
// is none of a transaction.
func NewTxnBody(t OpCode) Record {
	switch t {
	case OpCreateSession:
		return &CreateSessionTxn{}
	case OpCloseSession:
		return &CloseSessionTxn{}
	case OpCreate, OpCreate2:
		return &CreateTxn{}
	case OpCreateTTL:
		return &CreateTTLTxn{}
	case OpCreateContainer:
		return &CreateContainerTxn{}
	case OpDelete, OpDeleteContainer:
		return &DeleteTxn{}
	case OpSetData, OpReconfig:
		return &SetDataTxn{}
	case OpSetACL:
		return &SetACLTxn{}
	case OpCheck:
		return &CheckVersionTxn{}
	case OpError:
		return &ErrorTxn{}
	case OpMulti:
		return &MultiTxn{}
	}
	return nil
}

// Append appends the encoded transaction to b.
func (t *Txn) Append(b []byte) []byte {
	b = t.Header.Append(b)
	if t.Body != nil {
		b = t.Body.Append(b)
	}
	if t.Digest != nil {
		b = t.Digest.Append(b)
	}
	return b
}

// Decode reads a transaction, which must be all that is left in d: what follows
// the body decides whether there is a digest, and whether a create is the short
// one of servers before 3.4.
func (t *Txn) Decode(d *Decoder) {
	*t = Txn{}
	t.Header.Decode(d)
	if d.Err() != nil {
		return
	}
	body := NewTxnBody(t.Header.Type)
	if body == nil || t.Header.Type == OpCheck {
		d.Fail(fmt.Errorf("%v is not a transaction", t.Header.Type))
		return
	}
	start := *d
	body.Decode(d)
	switch {
	case t.Header.Type == OpCreate && errors.Is(d.Err(), ErrShort):
		*d = start
		var v0 CreateTxnV0
		v0.Decode(d)
		body = &CreateTxn{v0.Path, v0.Data, v0.ACL, v0.Ephemeral, -1}
	case t.Header.Type == OpCloseSession && d.Err() != nil && d.withoutPaths(start):
		body = nil
	}
	if d.Err() != nil {
		return
	}
	t.Body = body
	if len(d.Rest()) >= digestSize {
		t.Digest = &TxnDigest{}
		t.Digest.Decode(d)
	}
}

// digestSize is how many bytes a TxnDigest has.
const digestSize = 12

// withoutPaths goes on behind a closeSession that has no paths, if what could not be
// decoded from start on is that: of a server before 3.6, or one that was told not to
// write them (closeSessionTxn.enabled), whose digest follows at once. As for Apache's
// servers, paths that are cut short are none.
func (d *Decoder) withoutPaths(start Decoder) bool {
	switch {
	case len(start.Rest()) == digestSize:
		*d = start
	case errors.Is(d.err, ErrShort):
		*d = Decoder{buf: start.buf, off: len(start.buf)}
	default:
		return false
	}
	return true
}

// Body decodes the operation of a multi into a record of its type.
func (t *SubTxn) Body() (Record, error) {
	body := NewTxnBody(t.Type)
	switch t.Type {
	case OpCreateSession, OpCloseSession, OpMulti, OpReconfig:
		body = nil
	}
	if body == nil {
		return nil, fmt.Errorf("%v cannot be part of a multi", t.Type)
	}
	if err := Unmarshal(t.Data, body); err != nil {
		return nil, err
	}
	return body, nil
}

// Magic numbers of FileHeader: "ZKLG" and "ZKSN".
const (
	LogMagic  int32 = 0x5a4b4c47
	SnapMagic int32 = 0x5a4b534e
)
