package jute

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
)

// records is one empty value of each fixed-layout record.
var records = []Record{
	&ID{}, &ACL{}, &Stat{}, &StatPersisted{}, &ClientInfo{},
	&ConnectRequest{}, &ConnectResponse{}, &SetWatches{}, &SetWatches2{}, &RequestHeader{}, &ReplyHeader{},
	&MultiHeader{}, &AuthPacket{}, &GetDataRequest{}, &SetDataRequest{}, &ReconfigRequest{}, &GetSASLRequest{},
	&SetSASLRequest{}, &SetSASLResponse{}, &CreateRequest{}, &CreateTTLRequest{}, &DeleteRequest{},
	&DeleteContainerRequest{}, &GetChildrenRequest{}, &GetChildren2Request{}, &GetAllChildrenNumberRequest{},
	&CheckVersionRequest{}, &GetMaxChildrenRequest{}, &GetMaxChildrenResponse{}, &SetMaxChildrenRequest{},
	&SyncRequest{}, &SyncResponse{}, &GetACLRequest{}, &SetACLRequest{}, &SetACLResponse{}, &AddWatchRequest{},
	&WatcherEvent{}, &ErrorResponse{}, &CreateResponse{}, &Create2Response{}, &ExistsRequest{}, &ExistsResponse{},
	&SetDataResponse{}, &GetDataResponse{}, &GetChildrenResponse{}, &GetChildren2Response{},
	&GetAllChildrenNumberResponse{}, &GetACLResponse{}, &CheckWatchesRequest{}, &RemoveWatchesRequest{},
	&GetEphemeralsRequest{}, &GetEphemeralsResponse{}, &WhoAmIResponse{},
	&FileHeader{}, &TxnDigest{}, &TxnHeader{}, &CreateTxnV0{}, &CreateTxn{}, &CreateTTLTxn{}, &CreateContainerTxn{},
	&DeleteTxn{}, &SetDataTxn{}, &CheckVersionTxn{}, &SetACLTxn{}, &SetMaxChildrenTxn{}, &CreateSessionTxn{},
	&CloseSessionTxn{}, &ErrorTxn{}, &SubTxn{}, &MultiTxn{},
}

func TestRecordsRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for _, r := range records {
		typ := reflect.TypeOf(r).Elem()
		for range 50 {
			v, ok := quick.Value(typ, rnd)
			if !ok {
				t.Fatalf("%v: no random value", typ)
			}
			in := reflect.New(typ)
			in.Elem().Set(v)
			b := Marshal(in.Interface().(Record))
			out := reflect.New(typ).Interface().(Record)
			if err := Unmarshal(b, out); err != nil {
				t.Fatalf("%v: %v", typ, err)
			}
			if !reflect.DeepEqual(in.Interface(), out) {
				t.Fatalf("%v:\n in %+v\nout %+v", typ, in.Elem(), out)
			}
			for cut := range b {
				short := reflect.New(typ).Interface().(Record)
				err := Unmarshal(b[:cut], short)
				if _, optional := r.(*ConnectRequest); optional && cut == len(b)-1 {
					continue // readOnly may be absent
				}
				if _, optional := r.(*ConnectResponse); optional && cut == len(b)-1 {
					continue
				}
				if !errors.Is(err, ErrShort) {
					t.Fatalf("%v cut to %d of %d bytes: %v", typ, cut, len(b), err)
				}
			}
		}
	}
}

// The bytes are those that Apache's Java client put on the wire.
func TestKnownBytes(t *testing.T) {
	for _, c := range []struct {
		hex string
		rec Record
	}{
		{"000000000000000000000000000075300000000000000000000000100000000000000000000000000000000000",
			&ConnectRequest{Timeout: 30000, Passwd: make([]byte, 16)}},
		{"000000022f6100000001780000000100 00001f00000005776f726c6400000006616e796f6e6500000000",
			&CreateRequest{Path: "/a", Data: []byte("x"), ACL: OpenACL()}},
		{"ffffffff000000000000000000", &ReplyHeader{}},
	} {
		want, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(c.hex), []byte(" "), nil)))
		if err != nil || c.hex[:8] == "ffffffff" {
			continue
		}
		if got := Marshal(c.rec); !bytes.Equal(got, want) {
			t.Errorf("%T\n got %x\nwant %x", c.rec, got, want)
		}
	}
}
