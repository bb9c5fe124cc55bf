package jute

import (
	"errors"
	"fmt"
)

// TxnView is a transaction taken apart without copying it: what Txn holds, with the
// operations of a multi beside each other. It is for those who read many
// transactions and keep none: decoding into the same view again does not allocate.
type TxnView struct {
	Header  TxnHeader
	Timeout int32   // milliseconds, of a createSession
	Err     ErrCode // of an error
	// Ops are the operations: one, or those of a multi; none of createSession,
	// closeSession and error.
	Ops []OpView
	// Closed are the ephemerals that a closeSession deleted. HasClosed is false
	// for servers before 3.6, which did not write them down.
	Closed    [][]byte
	HasClosed bool
	Digest    TxnDigest
	HasDigest bool // since 3.6
}

// OpView is one operation of a transaction. Its slices alias what was decoded.
type OpView struct {
	Type      OpCode
	Err       ErrCode // of an error in a multi, which then changed nothing
	Path      []byte  // nil is null
	Data      []byte  // of creates and setData; nil is null
	ACL       []byte  // of creates and setACL, encoded: ACLs decodes it
	Ephemeral bool    // of create
	// Version is that of data or ACL after a setData or setACL, the one asked for
	// by a check, the parent's cversion after a create (-1 before 3.4).
	Version int32
	TTL     int64 // milliseconds, of createTTL
}

// ACLs decodes the ACL.
func (o *OpView) ACLs() []ACL {
	var d Decoder
	d.Reset(o.ACL)
	return decodeVector[ACL](&d, 12)
}

// Failed reports whether this is a multi of which an operation was refused: none
// of the others was done.
func (v *TxnView) Failed() bool {
	for i := range v.Ops {
		if v.Ops[i].Type == OpError {
			return true
		}
	}
	return false
}

// Decode takes raw apart, a transaction with nothing behind it, by the rules of
// Txn.Decode. Unlike that, it also refuses what cannot be part of a multi.
func (v *TxnView) Decode(raw []byte) error {
	*v = TxnView{Ops: v.Ops[:0], Closed: v.Closed[:0]}
	var d Decoder
	d.Reset(raw)
	v.Header.Decode(&d)
	if d.err != nil {
		return d.err
	}
	switch t := v.Header.Type; t {
	case OpCreateSession:
		v.Timeout = d.Int()
	case OpCloseSession:
		v.decodeClosed(&d)
	case OpError:
		v.Err = ErrCode(d.Int())
	case OpMulti:
		v.decodeMulti(&d)
	case OpCheck:
		d.Fail(fmt.Errorf("%v is not a transaction", t))
	default:
		v.Ops = append(v.Ops, OpView{Type: t})
		v.Ops[0].decode(&d)
	}
	if d.err != nil {
		return d.err
	}
	if len(d.buf)-d.off >= digestSize {
		v.HasDigest = true
		v.Digest.Decode(&d)
	}
	return nil
}

func (v *TxnView) decodeClosed(d *Decoder) {
	if !d.More() {
		return
	}
	start := *d
	n, _ := d.Count(4)
	for range n {
		v.Closed = append(v.Closed, d.Buffer())
	}
	if v.HasClosed = d.err == nil; !v.HasClosed && d.withoutPaths(start) {
		v.Closed = v.Closed[:0]
	}
}

func (v *TxnView) decodeMulti(d *Decoder) {
	n, _ := d.Count(8)
	for range n {
		o := OpView{Type: OpCode(d.Int())}
		body := Decoder{buf: d.Buffer()}
		switch o.Type {
		case OpError:
			o.Err = ErrCode(body.Int())
		case OpReconfig, OpSetACL:
			d.Fail(fmt.Errorf("%v cannot be part of a multi", o.Type))
		case OpCheck:
			o.Path, o.Version = body.Buffer(), body.Int()
		default:
			o.decode(&body)
		}
		if body.err != nil {
			d.Fail(body.err)
		}
		if d.err != nil {
			return
		}
		v.Ops = append(v.Ops, o)
	}
}

// decode reads the body of an operation that may stand alone.
func (o *OpView) decode(d *Decoder) {
	switch o.Type {
	case OpCreate, OpCreate2:
		start := *d
		o.decodeCreate(d)
		o.Ephemeral, o.Version = d.Bool(), d.Int()
		if o.Type == OpCreate && errors.Is(d.err, ErrShort) { // perhaps a CreateTxnV0
			*d = start
			o.decodeCreate(d)
			o.Ephemeral, o.Version = d.Bool(), -1
		}
	case OpCreateTTL:
		o.decodeCreate(d)
		o.Version, o.TTL = d.Int(), d.Long()
	case OpCreateContainer:
		o.decodeCreate(d)
		o.Version = d.Int()
	case OpDelete, OpDeleteContainer:
		o.Path = d.Buffer()
	case OpSetData, OpReconfig:
		o.Path, o.Data, o.Version = d.Buffer(), d.Buffer(), d.Int()
	case OpSetACL:
		o.Path, o.ACL, o.Version = d.Buffer(), d.rawACL(), d.Int()
	default:
		d.Fail(fmt.Errorf("%v is not a transaction", o.Type))
	}
}

func (o *OpView) decodeCreate(d *Decoder) {
	o.Path, o.Data, o.ACL = d.Buffer(), d.Buffer(), d.rawACL()
}

// rawACL skips a vector of ACLs and returns its bytes.
func (d *Decoder) rawACL() []byte {
	start := d.off
	n, _ := d.Count(12)
	for range n {
		d.Int()
		d.Buffer()
		d.Buffer()
	}
	if d.err != nil {
		return nil
	}
	return d.buf[start:d.off:d.off]
}
