package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zook/jute"
	"zook/snapshot"
)

func TestCreateFrom(t *testing.T) {
	write := func(w *snapshot.Writer) error {
		w.Node("", nil, snapshot.OpenACL, jute.StatPersisted{})
		return w.Node("/a", []byte("x"), snapshot.OpenACL, jute.StatPersisted{Czxid: 3})
	}
	dir := t.TempDir()
	path, err := CreateFrom(dir, 5, snapshot.Options{}, write)
	if err != nil || path != filepath.Join(dir, "version-2", "snapshot.5") {
		t.Fatal(path, err)
	}
	st, err := Open(dir, "").Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := st.Tree.Lookup("/a"); !ok || string(n.Data) != "x" || n.Stat.Czxid != 3 || st.Tree.LastZxid() != 5 {
		t.Errorf("/a is %+v, at 0x%x", n, st.Tree.LastZxid())
	}
	if info, err := os.Stat(filepath.Join(dir, "version-2")); err != nil || info.Mode().Perm()&0o500 != 0o500 {
		t.Errorf("version-2: %v %v", info.Mode(), err)
	}
	// Whatever a server has written there is not for us to replace.
	for name, inside := range map[string]string{"snapshot": "version-2/snapshot.5", "log": "version-2/log.1", "epoch": "version-2/currentEpoch", "in it": "log.1"} {
		dir := t.TempDir()
		file := filepath.Join(dir, inside)
		os.MkdirAll(filepath.Dir(file), 0o755)
		os.WriteFile(file, []byte("x"), 0o644)
		var notFresh *NotFreshError
		if _, err := CreateFrom(dir, 5, snapshot.Options{}, write); !errors.As(err, &notFresh) || notFresh.Path != file {
			t.Errorf("%s: %v", name, err)
		}
		if b, _ := os.ReadFile(file); string(b) != "x" {
			t.Errorf("%s: %s holds %q now", name, file, b)
		}
	}
}

// A write that fails leaves nothing; one that another has overtaken neither harms it.
func TestCreateFromThatFails(t *testing.T) {
	failed := errors.New("no")
	dir := filepath.Join(t.TempDir(), "new")
	if _, err := CreateFrom(dir, 5, snapshot.Options{}, func(*snapshot.Writer) error { return failed }); err != failed {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is there")
	}
	dir = t.TempDir()
	_, err := CreateFrom(dir, 5, snapshot.Options{}, func(w *snapshot.Writer) error {
		os.Mkdir(filepath.Join(dir, "version-2"), 0o755)
		return os.WriteFile(filepath.Join(dir, "version-2", "log.1"), nil, 0o644)
	})
	if err == nil {
		t.Error("no error, though a server had begun there")
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 || left[0].Name() != "version-2" {
		t.Errorf("left in the directory: %v", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "version-2", "log.1")); err != nil {
		t.Error(err)
	}
}
