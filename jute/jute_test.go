package jute

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand"
	"reflect"
	"strings"
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

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The bytes are laid out by hand from zookeeper.jute.
func TestKnownBytes(t *testing.T) {
	multi := &MultiRequest{Ops: []Op{
		{OpDelete, &DeleteRequest{"/a", 3}},
		{OpCheck, &CheckVersionRequest{"/", -1}},
	}}
	failed := &MultiResponse{Results: []OpResult{
		{Type: OpError, Err: ErrOK},
		{Type: OpError, Err: ErrNoNode},
		{Type: OpError, Err: ErrRuntimeInconsistency},
	}}
	for _, c := range []struct {
		hex string
		rec Record
	}{
		{"00000000 0000000000000000 00007530 0000000000000000 00000002 abcd 01",
			&ConnectRequest{Timeout: 30000, Passwd: []byte{0xab, 0xcd}, ReadOnly: true}},
		{"00000002 2f61 00000001 78 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000003",
			&CreateRequest{"/a", []byte("x"), OpenACL(), EphemeralSequential}},
		{"00000002 2f61 ffffffff ffffffff 00000000", &CreateRequest{Path: "/a"}},
		{"ffffffff ffffffffffffffff 00000000", &ReplyHeader{Xid: -1, Zxid: -1}},
		{"00000002 00 ffffffff 00000002 2f61 00000003 0000000d 00 ffffffff 00000001 2f ffffffff ffffffff 01 ffffffff", multi},
		{"ffffffff 00 00000000 00000000 ffffffff 00 ffffff9b ffffff9b ffffffff 00 fffffffe fffffffe ffffffff 01 ffffffff", failed},
	} {
		want := unhex(t, c.hex)
		if got := Marshal(c.rec); !bytes.Equal(got, want) {
			t.Errorf("%T\n got %x\nwant %x", c.rec, got, want)
		}
		out := reflect.New(reflect.TypeOf(c.rec).Elem()).Interface().(Record)
		if err := Unmarshal(want, out); err != nil || !reflect.DeepEqual(out, c.rec) {
			t.Errorf("%T decoded to %+v, %v", c.rec, out, err)
		}
	}
}

func TestConnectRequestWithoutReadOnly(t *testing.T) {
	b := Marshal(&ConnectRequest{Timeout: 1, ReadOnly: true})
	var r ConnectRequest
	if err := Unmarshal(b[:len(b)-1], &r); err != nil || r.ReadOnly || r.Timeout != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestLengthsAreNotTrusted(t *testing.T) {
	for _, h := range []string{"7fffffff", "fffffffe", "80000000"} {
		b := append(unhex(t, h), "abc"...)
		allocs := testing.AllocsPerRun(10, func() {
			d := NewDecoder(b)
			if v := d.Ustrings(); v != nil || d.Err() == nil {
				t.Errorf("vector of length %s: %v", h, v)
			}
			d = NewDecoder(b)
			if v := d.Buffer(); v != nil || d.Err() == nil {
				t.Errorf("buffer of length %s: %v", h, v)
			}
		})
		if allocs > 20 {
			t.Errorf("%s: %v allocations", h, allocs)
		}
	}
}

func TestTxnVariants(t *testing.T) {
	hdr := func(op OpCode) TxnHeader { return TxnHeader{ClientID: 7, Cxid: 1, Zxid: 9, Time: 1000, Type: op} }
	digest := &TxnDigest{2, 42}
	for _, in := range []Txn{
		{hdr(OpCreate), &CreateTxn{"/a", []byte("x"), OpenACL(), true, 4}, digest},
		{hdr(OpCreate), &CreateTxn{"/a", nil, OpenACL(), false, 4}, nil},
		{hdr(OpCloseSession), nil, nil},
		{hdr(OpCloseSession), nil, digest},
		{hdr(OpCloseSession), nil, &TxnDigest{2, -42}},
		{hdr(OpCloseSession), &CloseSessionTxn{[]string{"/abc"}}, nil},
		{hdr(OpCloseSession), &CloseSessionTxn{[]string{"/a"}}, digest},
		{hdr(OpCreateTTL), &CreateTTLTxn{"/a", nil, OpenACL(), 1, 5000}, digest},
		{hdr(OpReconfig), &SetDataTxn{"/zookeeper/config", []byte("x"), -1}, nil},
		{hdr(OpMulti), &MultiTxn{[]SubTxn{{OpDelete, Marshal(&DeleteTxn{"/a"})}}}, digest},
		{hdr(OpError), &ErrorTxn{ErrNoNode}, digest},
	} {
		var out Txn
		if err := Unmarshal(Marshal(&in), &out); err != nil || !reflect.DeepEqual(in, out) {
			t.Errorf("%v: %+v, %v", in.Header.Type, out, err)
		}
	}
	// A create of a server before 3.4 lacks the parent's cversion.
	h := hdr(OpCreate)
	old := (&CreateTxnV0{"/a", []byte("x"), OpenACL(), true}).Append(h.Append(nil))
	var out Txn
	if err := Unmarshal(old, &out); err != nil || out.Body.(*CreateTxn).ParentCVersion != -1 {
		t.Errorf("old create: %+v, %v", out, err)
	}
	h = hdr(OpCloseSession)
	if err := Unmarshal(append(h.Append(nil), 0, 0, 0, 9, 0, 0, 0, 1, '/'), &out); err != nil || out.Body != nil {
		t.Errorf("closeSession with paths that are cut: %+v, %v", out, err)
	}
	h = hdr(OpGetData)
	if err := Unmarshal(h.Append(nil), &out); err == nil {
		t.Error("getData passed for a transaction")
	}
	if _, err := (&SubTxn{Type: OpMulti}).Body(); err == nil {
		t.Error("a multi passed for a part of a multi")
	}
}

func TestCheckPath(t *testing.T) {
	for _, p := range []string{"/", "/a", "/a/b c", "/a..b/.c/d.", "/\u00e9\u4e2d", "/..."} {
		if err := CheckPath(p, false); err != nil {
			t.Error(err)
		}
	}
	for p, reason := range map[string]string{
		"": "empty", "foo": "start with /", "/a/": "end with /", "/a//b": "empty element", "//": "end with /",
		"/a/../b": `".."`, "/.": `"."`, "/a\x00b": "NUL", "/a\nb": "U+000A", "/\xff": "UTF-8", "/\ue000": "U+E000",
	} {
		err := CheckPath(p, false)
		var pe *PathError
		if !errors.As(err, &pe) || !strings.Contains(pe.Reason, reason) {
			t.Errorf("%q: %v", p, err)
		}
	}
	if err := CheckPath("/a/", true); err != nil {
		t.Error("sequential:", err)
	}
	if err := CheckPath("/", true); err != nil {
		t.Error("sequential child of the root:", err)
	}
}

func TestACLText(t *testing.T) {
	acls, err := ParseACLs("world:anyone:cdrwa, digest:u:h4sh=:rw,ip:::1/64:r")
	want := []ACL{{PermAll, ID{"world", "anyone"}}, {PermRead | PermWrite, ID{"digest", "u:h4sh="}}, {PermRead, ID{"ip", "::1/64"}}}
	if err != nil || !reflect.DeepEqual(acls, want) {
		t.Errorf("%v, %v", acls, err)
	}
	if s := acls[1].String(); s != "digest:u:h4sh=:rw" {
		t.Error(s)
	}
	for _, bad := range []string{"", "world", "world:anyone", "world:anyone:x", "a:b:r,"} {
		if acls, err := ParseACLs(bad); err == nil {
			t.Errorf("%q: %v", bad, acls)
		}
	}
	// The example of Apache's documentation of the digest scheme.
	if id := DigestID("super:superpw"); id != "super:g9oN2HttPfn8MMWJZ2r45Np/LIA=" {
		t.Error(id)
	}
}

func FuzzRecords(f *testing.F) {
	for i, r := range records {
		f.Add(uint8(i), Marshal(r))
	}
	f.Fuzz(func(t *testing.T, i uint8, b []byte) {
		r := records[int(i)%len(records)]
		typ := reflect.TypeOf(r).Elem()
		again(t, typ, b)
	})
}

func FuzzMulti(f *testing.F) {
	f.Add(Marshal(&MultiRequest{[]Op{{OpCreate, &CreateRequest{Path: "/a"}}}}))
	f.Add(Marshal(&MultiResponse{[]OpResult{{Type: OpDelete}, {Type: OpError, Err: ErrNoNode}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		again(t, reflect.TypeFor[MultiRequest](), b)
		again(t, reflect.TypeFor[MultiResponse](), b)
	})
}

func FuzzTxn(f *testing.F) {
	f.Add(Marshal(&Txn{Header: TxnHeader{Type: OpCreate}, Body: &CreateTxn{Path: "/a"}, Digest: &TxnDigest{2, 3}}))
	f.Fuzz(func(t *testing.T, b []byte) { again(t, reflect.TypeFor[Txn](), b) })
}

// again decodes b, and what decodes must decode to the same once encoded.
func again(t *testing.T, typ reflect.Type, b []byte) {
	first, second := reflect.New(typ).Interface().(Record), reflect.New(typ).Interface().(Record)
	if Unmarshal(b, first) != nil {
		return
	}
	if err := Unmarshal(Marshal(first), second); err != nil || !reflect.DeepEqual(first, second) {
		t.Fatalf("%v\n first %+v\nsecond %+v, %v", typ, first, second, err)
	}
}

func BenchmarkDecodeGetData(b *testing.B) {
	buf := Marshal(&GetDataRequest{"/zookeeper/quota", true})
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		d.Reset(buf)
		if len(d.Buffer()) == 0 || !d.Bool() {
			b.Fatal(d.Err())
		}
	}
}
