package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
)

// pieces is a connection on which bytes arrive a few at a time.
type pieces struct {
	net.Conn
	b    []byte
	rnd  *rand.Rand
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.b[:min(len(p.b), 1+p.rnd.IntN(p.most))])
	p.b = p.b[n:]
	return n, nil
}

// waiter is what a frameReader tells; it notes what was reserved.
type waiter struct {
	waits    bool
	reserved int
}

func (w *waiter) idle() { w.waits = true }

func (w *waiter) busy() { w.waits = false }

func (w *waiter) reserve(n int) error {
	if w.reserved += n; n > 1<<20 {
		return errors.New("there is no room")
	}
	return nil
}

// FuzzFrames: in whatever pieces bytes arrive, and whatever they are, the frames are
// the same, and the first one that is none ends it.
func FuzzFrames(f *testing.F) {
	frame := func(n int) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(n))
		for i := range n {
			b = append(b, byte(i*7))
		}
		return b
	}
	for _, sizes := range [][]int{{}, {0}, {8, 8, 8}, {504, 4, 512, 509, 508}, {5000, 12}, {16 << 10, 12, 16<<10 - 4, 1, 20000}, {65535, 65536, 65537, 12}, {200_000, 8, 300_000}} {
		var b []byte
		for _, n := range sizes {
			b = append(b, frame(n)...)
		}
		for _, most := range []uint16{1, 3, 511, 40000} {
			if len(b) < 100_000 || most > 500 {
				f.Add(b, most, uint64(1))
			}
		}
		f.Add(append(b, 0xff, 0xff, 0xff, 0xff, 1), uint16(7), uint64(2))
		f.Add(append(b, 0, 0, 1), uint16(700), uint64(3))
		f.Add(append(b, 0, 5, 0, 0, 1, 2, 3), uint16(9), uint64(4))
	}
	f.Fuzz(func(t *testing.T, b []byte, most uint16, seed uint64) {
		const longest = 1 << 19
		w := &waiter{}
		r := frameReader{nc: &pieces{b: b, rnd: rand.New(rand.NewPCG(seed, 1)), most: int(most) + 1}, max: longest, user: w}
		defer r.release()
		rest, taken := b, 0
		for {
			head, err := r.head()
			if len(rest) < 4 {
				if err != io.EOF {
					t.Fatalf("half a head: %v", err)
				}
				return
			}
			if err != nil || !bytes.Equal(head[:], rest[:4]) {
				t.Fatalf("head % x, %v of % x", head, err, rest[:4])
			}
			n := int(int32(binary.BigEndian.Uint32(head[:])))
			w.reserved = 0
			body, err := r.body(head)
			switch {
			case n < 0 || n > longest:
				if err == nil {
					t.Fatalf("a frame of %d bytes", n)
				}
				return
			case len(rest)-4 < n:
				if err != io.EOF {
					t.Fatalf("half a body: %v", err)
				}
				return
			case err != nil || !bytes.Equal(body, rest[4:4+n]):
				t.Fatalf("a body of %d bytes has %d, %v", n, len(body), err)
			case w.waits:
				t.Fatal("it goes on as if it waited")
			}
			if want := n; w.reserved != 0 && w.reserved != want || n <= largeRequest && w.reserved != 0 || n > 2*largeRequest && w.reserved == 0 {
				t.Fatalf("%d bytes were reserved for %d", w.reserved, n)
			}
			rest, taken = rest[4+n:], taken+1
			if r.packets != taken || r.bytes != len(b)-len(rest) {
				t.Fatalf("it counts %d frames and %d bytes, there were %d and %d", r.packets, r.bytes, taken, len(b)-len(rest))
			}
		}
	})
}
