package jute

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

// flat makes of a Txn what a view of it should be, by way of the records.
func flat(txn *Txn) (*TxnView, error) {
	v := &TxnView{Header: txn.Header}
	if txn.Digest != nil {
		v.Digest, v.HasDigest = *txn.Digest, true
	}
	switch b := txn.Body.(type) {
	case *CreateSessionTxn:
		v.Timeout = b.Timeout
	case *ErrorTxn:
		v.Err = b.Err
	case *CloseSessionTxn:
		v.HasClosed = true
		for _, p := range b.PathsToDelete {
			v.Closed = append(v.Closed, []byte(p))
		}
	case nil:
	case *MultiTxn:
		for i := range b.Txns {
			if b.Txns[i].Type == OpSetACL {
				return nil, fmt.Errorf("%v cannot be part of a multi", b.Txns[i].Type)
			}
			body, err := b.Txns[i].Body()
			if err != nil {
				return nil, err
			}
			v.Ops = append(v.Ops, flatOp(b.Txns[i].Type, body))
		}
	default:
		v.Ops = append(v.Ops, flatOp(txn.Header.Type, txn.Body))
	}
	return v, nil
}

func flatOp(t OpCode, body Record) OpView {
	switch b := body.(type) {
	case *CreateTxn:
		return OpView{Type: t, Path: []byte(b.Path), Data: b.Data, ACL: appendVector(nil, b.ACL), Ephemeral: b.Ephemeral, Version: b.ParentCVersion}
	case *CreateTTLTxn:
		return OpView{Type: t, Path: []byte(b.Path), Data: b.Data, ACL: appendVector(nil, b.ACL), Version: b.ParentCVersion, TTL: b.TTL}
	case *CreateContainerTxn:
		return OpView{Type: t, Path: []byte(b.Path), Data: b.Data, ACL: appendVector(nil, b.ACL), Version: b.ParentCVersion}
	case *DeleteTxn:
		return OpView{Type: t, Path: []byte(b.Path)}
	case *SetDataTxn:
		return OpView{Type: t, Path: []byte(b.Path), Data: b.Data, Version: b.Version}
	case *SetACLTxn:
		return OpView{Type: t, Path: []byte(b.Path), ACL: appendVector(nil, b.ACL), Version: b.Version}
	case *CheckVersionTxn:
		return OpView{Type: t, Path: []byte(b.Path), Version: b.Version}
	case *ErrorTxn:
		return OpView{Type: t, Err: b.Err}
	}
	panic(fmt.Sprintf("%T", body))
}

// sameView compares; a null string is "" to a record.
func sameView(a, b *TxnView) bool {
	if len(a.Ops) != len(b.Ops) || len(a.Closed) != len(b.Closed) {
		return false
	}
	for i := range a.Ops {
		x, y := a.Ops[i], b.Ops[i]
		if !bytes.Equal(x.Path, y.Path) || !reflect.DeepEqual(x.ACLs(), y.ACLs()) {
			return false
		}
		x.Path, x.ACL, y.Path, y.ACL = nil, nil, nil, nil
		if !reflect.DeepEqual(x, y) {
			return false
		}
	}
	for i := range a.Closed {
		if !bytes.Equal(a.Closed[i], b.Closed[i]) {
			return false
		}
	}
	x, y := *a, *b
	x.Ops, x.Closed, y.Ops, y.Closed = nil, nil, nil, nil
	return reflect.DeepEqual(x, y)
}

var viewed = []*Txn{
	{Header: TxnHeader{1, 2, 3, 4, OpCreateSession}, Body: &CreateSessionTxn{30000}},
	{Header: TxnHeader{Type: OpCloseSession}, Body: &CloseSessionTxn{[]string{"/a", "/b"}}, Digest: &TxnDigest{2, 3}},
	{Header: TxnHeader{Type: OpCloseSession}},
	{Header: TxnHeader{Type: OpCloseSession}, Digest: &TxnDigest{2, 3}},
	{Header: TxnHeader{Type: OpError}, Body: &ErrorTxn{ErrNoNode}},
	{Header: TxnHeader{Type: OpCreate}, Body: &CreateTxn{"/a", nil, OpenACL(), true, 7}, Digest: &TxnDigest{2, 3}},
	{Header: TxnHeader{Type: OpCreate2}, Body: &CreateTxn{"/a", []byte{}, nil, false, 7}},
	{Header: TxnHeader{Type: OpCreate}, Body: &CreateTxnV0{"/old", []byte("x"), OpenACL(), true}},
	{Header: TxnHeader{Type: OpCreateTTL}, Body: &CreateTTLTxn{"/t", []byte("x"), OpenACL(), 7, 1000}},
	{Header: TxnHeader{Type: OpCreateContainer}, Body: &CreateContainerTxn{"/c", []byte("x"), OpenACL(), 7}},
	{Header: TxnHeader{Type: OpDelete}, Body: &DeleteTxn{"/a"}},
	{Header: TxnHeader{Type: OpDeleteContainer}, Body: &DeleteTxn{"/a"}},
	{Header: TxnHeader{Type: OpSetData}, Body: &SetDataTxn{"/a", []byte("x"), 5}},
	{Header: TxnHeader{Type: OpReconfig}, Body: &SetDataTxn{"/zookeeper/config", []byte("x"), -1}},
	{Header: TxnHeader{Type: OpSetACL}, Body: &SetACLTxn{"/a", OpenACL(), 5}},
	{Header: TxnHeader{Type: OpMulti}, Body: &MultiTxn{[]SubTxn{
		{OpCreate, Marshal(&CreateTxn{"/a", nil, OpenACL(), true, 7})},
		{OpCheck, Marshal(&CheckVersionTxn{"/a", 3})},
		{OpError, Marshal(&ErrorTxn{ErrBadVersion})}}}, Digest: &TxnDigest{2, 3}},
	{Header: TxnHeader{Type: OpMulti}, Body: &MultiTxn{[]SubTxn{{OpReconfig, nil}}}},
	{Header: TxnHeader{Type: OpCheck}, Body: &CheckVersionTxn{"/a", 3}},
	{Header: TxnHeader{Type: 99}},
}

// A view says the same as the records.
func checkView(t *testing.T, raw []byte) {
	var txn Txn
	err := Unmarshal(raw, &txn)
	var want *TxnView
	if err == nil {
		want, err = flat(&txn)
	}
	got := TxnView{Ops: make([]OpView, 3), Closed: make([][]byte, 2), Err: 5, HasDigest: true} // of the one before
	viewErr := got.Decode(raw)
	if (err == nil) != (viewErr == nil) {
		t.Fatalf("%x: %v as a view, %v as a record", raw, viewErr, err)
	}
	if err == nil && !sameView(&got, want) {
		t.Fatalf("%x\n got %+v\nwant %+v", raw, got, *want)
	}
}

func TestTxnView(t *testing.T) {
	for _, txn := range viewed {
		checkView(t, Marshal(txn))
	}
	var v TxnView
	if err := v.Decode(Marshal(viewed[15])); err != nil || !v.Failed() || v.Ops[0].ACLs()[0] != OpenACL()[0] {
		t.Errorf("%+v, %v", v, err)
	}
}

func FuzzTxnView(f *testing.F) {
	for _, txn := range viewed {
		f.Add(Marshal(txn))
	}
	f.Fuzz(checkView)
}

func BenchmarkTxnView(b *testing.B) {
	raw := Marshal(viewed[5])
	b.ReportAllocs()
	var v TxnView
	for b.Loop() {
		if err := v.Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}
