package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"zook/datadir"
	"zook/jute"
)

// FuzzConnection sends bytes to a connection, before the handshake, after it or as
// the body of a request. Whatever they are, nothing that ACLs forbid is read or changed, other clients
// are answered, and what was logged can be read again, digests and all.
func FuzzConnection(f *testing.F) {
	dir := f.TempDir()
	s, err := Start(context.Background(), Config{DataDir: dir, ExtendedTypes: true, SnapCount: 3000,
		SASLUsers: map[string]string{"bob": "only he knows"}, AuthSchemes: []string{"sasl"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		want, zxid := s.tree.Digest()
		if err := s.Close(); err != nil {
			f.Error(err)
		}
		state, err := datadir.Open(dir, "").Load(context.Background(), nil)
		if err != nil {
			f.Fatalf("the directory cannot be read again: %v", err)
		}
		if got, at := state.Tree.Digest(); at < zxid || at == zxid && got != want {
			f.Errorf("read again: digest %x at %d, it was %x at %d", got, at, want, zxid)
		}
	})
	other := openSession(f, s.Addr(), time.Minute)
	other.nc.SetDeadline(time.Time{})
	other.do(jute.OpAuth, reqAuth("digest", "fuzz:only I know"), nil)
	for _, path := range []string{"/closed", secret} {
		other.do(jute.OpCreate, reqCreate(path, "the secret data", 0, entry("auth", "", jute.PermAll), entry("sasl", "bob", jute.PermAll)), nil)
	}
	addSeeds(f)
	f.Fuzz(func(t *testing.T, how uint8, op int32, b []byte) {
		nc, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(10 * time.Second))
		w := &wire{t: t, nc: nc}
		if how != rawBefore {
			w.tryWrite(jute.Marshal(&jute.ConnectRequest{Timeout: 1, Passwd: make([]byte, 16)}))
		}
		if how == rawBefore || how == rawAfter {
			nc.Write(b)
		} else {
			w.tryWrite(encodeRequest(1, jute.OpCode(op), b))
		}
		nc.(*net.TCPConn).CloseWrite()
		reply, err := io.ReadAll(nc)
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			t.Fatal("the connection stays open")
		}
		if bytes.Contains(reply, []byte("the secret data")) {
			t.Fatal("it was told the secret")
		}
		other.t = t
		if got := other.get(secret); got != "the secret data" {
			t.Fatalf("the secret is %q", got)
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	})
}

// secret is a znode that only one client may do anything with, and its parent
// another.
const secret = "/closed/secret"

// How FuzzConnection sends; anything else is as a request.
const (
	rawBefore = 0
	rawAfter  = 1
	asRequest = 2
)

// addSeeds adds one request of every type, and what no client sends.
func addSeeds(f *testing.F) {
	for _, word := range slices.Sorted(maps.Keys(words)) {
		f.Add(uint8(rawBefore), int32(0), []byte(word))
	}
	f.Add(uint8(rawBefore), int32(0), []byte("srvr\n"))
	f.Add(uint8(rawBefore), int32(0), []byte{0xff, 0xff, 0xff, 0xff})
	hello := jute.Marshal(&jute.ConnectRequest{Timeout: 5000, SessionID: 1, Passwd: []byte("x")})
	f.Add(uint8(rawBefore), int32(0), append(jute.AppendInt(nil, int32(len(hello))), hello...))
	for _, r := range []jute.Op{
		op(jute.OpCreate, reqCreate("/f-", "x", 3)), op(jute.OpCreate2, reqCreate(secret+"/x", "", 0)), op(jute.OpCreateContainer, reqCreate("/c", "", 4)),
		op(jute.OpCreateTTL, reqTTL("/t", 5, 1)), op(jute.OpDelete, reqDelete(secret, -1)), op(jute.OpSetData, reqSet(secret, "y", -1)),
		op(jute.OpSetACL, reqSetACL(secret, -1, jute.OpenACL()...)), op(jute.OpGetACL, reqACL(secret)), op(jute.OpGetData, reqGet(secret, true)),
		op(jute.OpExists, reqExists(secret, true)), op(jute.OpGetChildren, reqList("/", true)), op(jute.OpGetChildren2, reqList(secret, false)),
		op(jute.OpSync, &jute.SyncRequest{Path: "/"}), op(jute.OpCheck, &jute.CheckVersionRequest{Path: "/"}), op(jute.OpReconfig, &jute.ReconfigRequest{}),
		op(jute.OpMulti, multi(op(jute.OpCreate, reqCreate("/m", "", 0)), op(jute.OpDelete, reqDelete("/m", 0)), op(jute.OpSetData, reqSet(secret, "", -1)))),
		op(jute.OpMultiRead, multi(op(jute.OpGetData, reqGet(secret, false)))), op(jute.OpAuth, reqAuth("digest", "a:b")),
		op(jute.OpSASL, &jute.GetSASLRequest{Token: saslResponse("n", "bob", "guess", nil)}),
		op(jute.OpSetWatches, &jute.SetWatches{DataWatches: []string{secret}}), op(jute.OpSetWatches2, &jute.SetWatches2{PersistentRecursiveWatches: []string{"/"}}),
		op(jute.OpAddWatch, &jute.AddWatchRequest{Path: "/", Mode: 1}), op(jute.OpCheckWatches, &jute.CheckWatchesRequest{Path: "/", Type: 3}),
		op(jute.OpRemoveWatches, &jute.RemoveWatchesRequest{Path: "/", Type: 3}), op(jute.OpGetEphemerals, &jute.GetEphemeralsRequest{PrefixPath: "/"}),
		op(jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: "/"}), op(jute.OpDeleteContainer, &jute.DeleteContainerRequest{Path: "/c"}),
		op(jute.OpCreate, reqCreate("/zookeeper/quota/f", "", 0)), op(jute.OpCreateSession, &jute.CreateSessionTxn{Timeout: 5}),
	} {
		body := jute.Marshal(r.Body)
		f.Add(uint8(asRequest), int32(r.Type), body)
		f.Add(uint8(asRequest), int32(r.Type), body[:len(body)-3])
		b := encodeRequest(1, r.Type, r.Body)
		b = append(jute.AppendInt(nil, int32(len(b))), b...)
		f.Add(uint8(rawAfter), int32(0), append(b[:len(b):len(b)], b...))
	}
	for o := int32(-110); o < 120; o++ { // all there are, those of our own pipeline, and more that are none
		f.Add(uint8(asRequest), o, []byte{})
	}
}

// FuzzConfig: any file is a configuration, or an error in one line that names it.
func FuzzConfig(f *testing.F) {
	for _, c := range configs {
		if len(c.file) < 1000 { // longer ones are only slow to make shorter
			f.Add(c.file)
		}
	}
	f.Add("dataDir=/d\nserver.1=[::1]:1:2:observer|b:3:4;[::1]:5;[::1\nserver.2=a:1:2;;\ngroup.1=1:2\nautopurge.purgeInterval=5d")
	f.Fuzz(func(t *testing.T, file string) {
		cfg, warnings, err := parseConfig(file, nil)
		for _, w := range warnings {
			if !strings.HasPrefix(w, "zoo.cfg:") || strings.Contains(w, "\n") {
				t.Errorf("warning %q", w)
			}
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "zoo.cfg:") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q", err)
			}
			return
		}
		if cfg.DataDir == "" {
			t.Error("no data directory, and no error")
		}
		cfg.withDefaults()
	})
}
