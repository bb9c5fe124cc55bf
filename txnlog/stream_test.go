package txnlog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"zook/jute"
)

// write puts a log into dir under a name.
func write(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func packed(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// drain reads a stream to its end, over faults.
func drain(t *testing.T, s *Stream) (zxids []int64, errs []error) {
	t.Helper()
	for range 100 {
		rec, err := s.Next()
		if err == io.EOF {
			return zxids, errs
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		zxids = append(zxids, rec.Header.Zxid)
	}
	t.Fatal("a stream without end")
	return nil, nil
}

func TestStream(t *testing.T) {
	dir := t.TempDir()
	version2 := filepath.Join(dir, "version-2")
	if err := os.Mkdir(version2, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, version2, "log.1", bytesOf(t, session(1), session(2)))
	torn := bytesOf(t, session(3), session(4))
	write(t, version2, "log.3", torn[:len(torn)-5])
	write(t, version2, "log.10", bytesOf(t, session(16)))
	write(t, version2, "snapshot.0", []byte("no log"))
	other := write(t, t.TempDir(), "copy.gz", packed(t, bytesOf(t, session(5), session(6))))

	for _, d := range []string{dir, version2} {
		files, err := Files(d, other)
		if err != nil {
			t.Fatal(err)
		}
		s := NewStream(files)
		zxids, errs := drain(t, s)
		if want := []int64{1, 2, 3, 5, 6, 16}; !slices.Equal(zxids, want) {
			t.Errorf("zxids %v, want %v", zxids, want)
		}
		var corrupt *CorruptError
		if len(errs) != 1 || !errors.As(errs[0], &corrupt) || !corrupt.Torn || filepath.Base(corrupt.File) != "log.3" {
			t.Errorf("errors %v, want the torn tail of log.3", errs)
		}
	}
	for _, none := range []string{t.TempDir(), filepath.Join(dir, "gone")} {
		if files, err := Files(none); err == nil {
			t.Errorf("%s: %v", none, files)
		}
	}
}

func TestPackedLogThatIsDamaged(t *testing.T) {
	whole := packed(t, bytesOf(t, session(1), set(2, bytes.Repeat([]byte("abc"), 1000)), session(3)))
	dir := t.TempDir()
	for n := range whole {
		for what, b := range map[string][]byte{
			"cut":     whole[:n],
			"flipped": append(append(bytes.Clone(whole[:n]), whole[n]^0x10), whole[n+1:]...),
		} {
			zxids, errs := drain(t, NewStream([]string{write(t, dir, "log.1.gz", b)}))
			var corrupt *CorruptError
			for _, err := range errs {
				if !errors.As(err, &corrupt) {
					t.Fatalf("%s at %d: %v", what, n, err)
				}
			}
			if len(errs) == 0 && len(zxids) != 3 {
				t.Fatalf("%s at %d: %v without an error", what, n, zxids)
			}
		}
	}
}

func TestKeepDamaged(t *testing.T) {
	b := bytesOf(t, session(1), set(2, []byte("abcdef")), session(3))
	b[bytes.Index(b, []byte("abcdef"))] ^= 1
	r, err := NewReader(bytes.NewReader(b), "log")
	if err != nil {
		t.Fatal(err)
	}
	r.KeepDamaged = true
	var damaged []bool
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		damaged = append(damaged, rec.Damaged != nil)
		if d := rec.Damaged; d != nil && (d.Offset != rec.Offset || d.Zxid != 1 || rec.Header.Type != jute.OpSetData) {
			t.Errorf("%+v of %+v", d, rec)
		}
	}
	if !slices.Equal(damaged, []bool{false, true, false}) {
		t.Errorf("damaged %v", damaged)
	}
}
