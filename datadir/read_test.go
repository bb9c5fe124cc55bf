package datadir

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

func TestReadASnapshotFromElsewhere(t *testing.T) {
	tree := datatree.New()
	body := &jute.CreateTxn{Path: "/a", Data: []byte("x"), ACL: jute.OpenACL(), ParentCVersion: 1}
	if _, err := tree.Apply(&jute.Txn{Header: jute.TxnHeader{Zxid: 7, Type: jute.OpCreate}, Body: body}); err != nil {
		t.Fatal(err)
	}
	for name, noZxid := range map[string]bool{"with the last zxid": false, "without": true} {
		d, err := Create(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		d.NoLastZxid = noZxid
		if err := d.WriteSnapshot(tree.Export(), map[int64]int32{5: 4000}); err != nil {
			t.Fatal(err)
		}
		files, _ := d.Snapshots()
		b, err := os.ReadFile(files[0].Path)
		if err != nil {
			t.Fatal(err)
		}
		st, zxid, err := Read(t.Context(), bytes.NewReader(b), "a snapshot")
		if err != nil {
			t.Fatal(name, err)
		}
		got, _ := st.Tree.Digest()
		if want, _ := tree.Digest(); got != want || zxid != 7 || st.Sessions[5] != 4000 || len(st.Warnings) != 0 {
			t.Errorf("%s: digest %d, want %d; zxid %d; %+v", name, got, want, zxid, st)
		}
		var corrupt *snapshot.CorruptError
		if _, _, err := Read(t.Context(), bytes.NewReader(b[:len(b)/2]), "half"); !errors.As(err, &corrupt) {
			t.Errorf("half a snapshot: %v", err)
		}
	}
}
