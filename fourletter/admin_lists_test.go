package fourletter

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/go-zookeeper/zk"

	"zook/internal/zktest"
)

// AdminServer tells of clients what the words do, for a whitelist that forbids them.
func TestListsOfAdminServer(t *testing.T) {
	port := zktest.FreePort(t)
	s := zktest.Apache(t, "", "admin.enableServer=true", "admin.serverAddress=127.0.0.1", fmt.Sprintf("admin.serverPort=%d", port),
		"4lw.commands.whitelist=srvr")
	c := zktest.Connect(t, s.Addr)
	for _, p := range []string{"/b", "/a"} {
		must[string](t)(c.Create(p, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))
		if _, _, _, err := c.GetW(p); err != nil {
			t.Fatal(err)
		}
	}
	id := c.SessionID()
	client := &Client{AdminPort: port}
	conns, admin, err := client.Cons(t.Context(), s.Addr)
	if err != nil || !admin {
		t.Fatalf("%v, %v", admin, err)
	}
	if i := slices.IndexFunc(conns, func(c Conn) bool { return c.Session == id }); i < 0 || conns[i].Timeout != 10000 ||
		conns[i].Established == 0 || conns[i].LastOp == "" || conns[i].Addr == "" {
		t.Errorf("%+v", conns)
	}
	d, admin, err := client.Dump(t.Context(), s.Addr)
	if err != nil || !admin || !slices.Equal(d.Sessions(), []int64{id}) || len(d.Ephemerals) != 1 ||
		!slices.Equal(slices.Sorted(slices.Values(d.Ephemerals[0].Paths)), []string{"/a", "/b"}) {
		t.Errorf("%+v, %v, %v", d, admin, err)
	}
	watches, admin, err := client.Wchp(t.Context(), s.Addr)
	if err != nil || !admin || !reflect.DeepEqual(watches, []PathSessions{{"/a", []int64{id}}, {"/b", []int64{id}}}) {
		t.Errorf("%+v, %v, %v", watches, admin, err)
	}

	if _, admin, err := (&Client{AdminPort: zktest.FreePort(t)}).Cons(t.Context(), s.Addr); !errors.Is(err, ErrNotAllowed) || admin {
		t.Errorf("without AdminServer: %v, %v", admin, err)
	}
	if _, _, err := client.Cons(t.Context(), listen(t, replying(""))); !errors.Is(err, errNoReply) {
		t.Errorf("of a server that closes: %v", err)
	}
}

func FuzzAdminLists(f *testing.F) {
	f.Add([]byte(`{"connections":[{"remote_socket_address":"10.0.0.1:5","session_id":72057594037927936,"established":1732200000000}],"secure_connections":[]}`))
	f.Add([]byte(`{"connections":[{"established":"2026-11-21T14:00:00.000+0000","avg_latency":0.5}]}`))
	f.Add([]byte(`{"expiry_time_to_session_ids":{"8":[1,2]},"session_id_to_ephemeral_paths":{"1":["/a"]}}`))
	f.Add([]byte(`{"path_to_session_ids":{"/a":[1]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if conns, err := parseAdminCons(body); err == nil {
			ConsText(conns)
		}
		if d, err := parseAdminDump(body); err == nil {
			d.Text()
		}
		if w, err := parseAdminWchp(body); err == nil {
			WriteWchp(io.Discard, slices.Values(w))
		}
	})
}
