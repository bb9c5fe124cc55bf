package datatree

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"zook/jute"
)

// Data of all sizes come and go: readers keep what they have read, and no more memory is
// taken than a part of what lives.
func TestMemoryOfData(t *testing.T) {
	w := newWorld(t)
	rnd := rand.New(rand.NewPCG(8, 8))
	type kept struct{ got, want []byte }
	var reads []kept
	alive := map[string]bool{}
	for i := range 30_000 {
		path := fmt.Sprintf("/%0*d", 1+rnd.IntN(3)*80, rnd.IntN(500))
		size := rnd.IntN(300)
		switch rnd.IntN(100) {
		case 0:
			size = rnd.IntN(100_000)
		case 1:
			size = 0
		}
		data := bytes.Repeat([]byte{byte(i)}, size)
		switch {
		case !alive[path]:
			w.create(path, string(data))
			alive[path] = true
		case rnd.IntN(3) == 0:
			w.delete(path)
			delete(alive, path)
		default:
			w.set(path, string(data))
			if n, _ := w.tree.Lookup(path); !bytes.Equal(n.Data, data) {
				t.Fatalf("%s has %q, set to %q", path, n.Data, data)
			} else if rnd.IntN(50) == 0 {
				reads = append(reads, kept{n.Data, data})
			}
		}
		w.log = nil
	}
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
	for _, r := range reads {
		if !bytes.Equal(r.got, r.want) {
			t.Fatalf("data of %d bytes changed under its reader", len(r.want))
		}
	}
	live := w.tree.blobs.size - w.tree.blobs.dead
	if got, most := w.tree.blobs.size, 2*live+4*pieceSize; got > most {
		t.Errorf("%d bytes are held for %d that live", got, live)
	}
	for path := range alive {
		w.delete(path)
	}
	if got := w.tree.blobs.size; got > 2*pieceSize {
		t.Errorf("%d bytes are held for an empty tree", got)
	}
}

func TestNamesAreExact(t *testing.T) {
	w := newWorld(t)
	long := "/" + strings.Repeat("x", 200_000)
	for _, p := range []string{"/a", "/a/b", "/ab", "/a/bc", "/\x01", "/é", long, long + "/y", long + "x"} {
		w.create(p, p)
	}
	for _, p := range []string{"/a", "/a/b", "/ab", "/a/bc", "/\x01", "/é", long, long + "/y", long + "x"} {
		if n, ok := w.tree.Lookup(p); !ok || string(n.Data) != p {
			t.Errorf("%.20s: %v %.20q", p, ok, n.Data)
		}
	}
	for _, p := range []string{"", "a", "//", "/a/", "//a", "/a//b", "/a/b/", "/b", "/a/b/c", "/e", long[:len(long)-1], long + "/", long + "/y/y"} {
		if n, ok := w.tree.Lookup(p); ok {
			t.Errorf("%.20q is there: %.20q", p, n.Data)
		}
	}
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
}

// A walk meets each znode that stays, once, whatever comes and goes meanwhile.
func TestWalkAmidChanges(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t)
		rnd := rand.New(rand.NewPCG(9, seed))
		stay := map[string]int{}
		for i := range 300 {
			path := fmt.Sprintf("/%d", i%20)
			if i >= 20 {
				path += fmt.Sprintf("/%d", i)
			}
			w.create(path, "")
			if i < 20 || i%3 == 0 {
				stay[path] = 0
			}
		}
		e := w.tree.Export()
		e.limit = 1 + rnd.IntN(4)
		err := e.Walk(func(path string, n Node) error {
			if _, ok := stay[path]; ok {
				stay[path]++
			}
			if n.Stat.Czxid > e.Zxid() {
				t.Errorf("seed %d: %s was created later", seed, path)
			}
			for range rnd.IntN(4) {
				i := 20 + rnd.IntN(400)
				path := fmt.Sprintf("/%d/%d", i%20, i)
				if _, ok := stay[path]; ok {
					continue
				}
				if w.delete(path).Err != jute.ErrOK {
					w.create(path, "")
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for path, n := range stay {
			if n != 1 {
				t.Fatalf("seed %d: %s was met %d times", seed, path, n)
			}
		}
		if len(w.tree.walks) != 0 {
			t.Fatal("a walk that has ended is still known")
		}
	}
}

// Readers in many goroutines see each znode as one transaction left it, and keep what they
// have read. With -race this is the test that they may.
func TestReadersAmidChanges(t *testing.T) {
	w := newWorld(t)
	for i := range 50 {
		w.create(fmt.Sprintf("/%d", i), strings.Repeat("0", 100))
	}
	var stop atomic.Bool
	var readers sync.WaitGroup
	for r := range 4 {
		rnd := rand.New(rand.NewPCG(10, uint64(r)))
		readers.Go(func() {
			for !stop.Load() {
				v := w.tree.View()
				data, stat, err := v.Get(fmt.Sprintf("/%d", rnd.IntN(50)), nil, nil)
				names, _, _ := v.Children("/", nil, nil)
				v.Close()
				if err == jute.ErrOK && (int(stat.DataLength) != len(data) || len(bytes.Trim(data, string(data[:1]))) != 0) {
					t.Errorf("version %d has %q", stat.Version, data)
				}
				if len(names) < 40 || slices.Contains(names, "") {
					t.Errorf("children %q", names)
				}
			}
		})
	}
	for i := range 20_000 {
		path := fmt.Sprintf("/%d", i*7%50)
		data := strings.Repeat(string(rune('a'+i%26)), 50+i%400)
		switch {
		case i%10 != 0:
			w.set(path, data)
		case w.delete(path).Err == jute.ErrOK:
			w.create(path, data)
		}
		w.log = nil
	}
	stop.Store(true)
	readers.Wait()
	if err := checkWhole(w.tree); err != nil {
		t.Error(err)
	}
}
