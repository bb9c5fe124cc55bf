package datatree

import "encoding/binary"

// blobs holds the name and the data of every znode, in large pieces of memory: znodes are
// many and small, and each as an object of its own would be rounded up to the allocator's
// next size and looked at by every garbage collection.
//
// What is written stays as it is, so that readers keep data without a copy: new data goes to
// a new place. A piece of which nothing lives is garbage once the last reader has let go of
// it. Where a fourth of all is dead, and not just little, pieces with much of that are
// emptied: what lives in them is copied elsewhere.
//
// A blob is
//
//	4 bytes    the number of its znode; of a dead one, its length with the highest bit set
//	uvarint    length of the name
//	           the name, and the data behind it
type blobs struct {
	pieces []piece // by number
	free   []uint32
	last   uint32 // the piece that new blobs go to; none is 0
	size   int    // bytes of all
	dead   int    // of them
	hand   int    // the piece that was looked at last, to be emptied
}

type piece struct {
	b    []byte
	dead int // bytes
}

// place is where a blob is.
type place struct{ piece, offset uint32 }

const (
	pieceSize  = 64 << 10
	firstPiece = 2 << 10 // most trees of tests are small
	deadBlob   = 1 << 31
)

// putBlob writes a blob and returns where it is.
func putBlob[N string | []byte](bs *blobs, id uint32, name N, data []byte) place {
	size := 4 + uvarintLen(uint64(len(name))) + len(name) + len(data)
	at := bs.room(size)
	p := &bs.pieces[at]
	offset := len(p.b)
	p.b = binary.BigEndian.AppendUint32(p.b, id)
	p.b = binary.AppendUvarint(p.b, uint64(len(name)))
	p.b = append(append(p.b, name...), data...)
	return place{at, uint32(offset)}
}

// room returns a piece that has room for a blob. A large one has its own.
func (bs *blobs) room(size int) uint32 {
	if size > pieceSize/4 {
		return bs.add(size)
	}
	full := bs.last
	if full == 0 {
		bs.last = bs.add(max(size, firstPiece))
	} else if p := &bs.pieces[full]; cap(p.b)-len(p.b) < size {
		bs.last = bs.add(pieceSize)
		if p := &bs.pieces[full]; p.dead == len(p.b) {
			bs.discard(full)
		}
	}
	return bs.last
}

func (bs *blobs) add(size int) uint32 {
	p := piece{b: make([]byte, 0, size)}
	bs.size += cap(p.b)
	if n := len(bs.free); n > 0 {
		at := bs.free[n-1]
		bs.free = bs.free[:n-1]
		bs.pieces[at] = p
		return at
	}
	if len(bs.pieces) == 0 {
		bs.pieces = make([]piece, 1) // there is no piece 0
	}
	bs.pieces = append(bs.pieces, p)
	return uint32(len(bs.pieces) - 1)
}

// name is the name in a blob, and what is behind it. Neither must be changed.
func (bs *blobs) name(at place) (name, rest []byte) {
	b := bs.pieces[at.piece].b[at.offset+4:]
	if n := int(b[0]); n < 0x80 { // as nearly all
		return b[1 : 1+n : 1+n], b[1+n:]
	}
	n, w := binary.Uvarint(b)
	end := w + int(n)
	return b[w:end:end], b[end:]
}

// drop marks the blob at a place as dead, whose data are of size bytes.
func (bs *blobs) drop(at place, size int) {
	name, _ := bs.name(at)
	size += 4 + uvarintLen(uint64(len(name))) + len(name)
	p := &bs.pieces[at.piece]
	binary.BigEndian.PutUint32(p.b[at.offset:], deadBlob|uint32(size))
	p.dead += size
	bs.dead += size
	if p.dead == len(p.b) && at.piece != bs.last {
		bs.discard(at.piece)
	}
}

// discard lets go of a piece.
func (bs *blobs) discard(at uint32) {
	p := &bs.pieces[at]
	bs.size -= cap(p.b)
	bs.dead -= p.dead
	*p = piece{}
	bs.free = append(bs.free, at)
}

// victim is a piece to be emptied, the best of some, or 0.
func (bs *blobs) victim() uint32 {
	const some, little = 8, 1 << 20
	best, most := 0, 0
	if bs.dead < little || 4*bs.dead <= bs.size {
		return 0
	}
	for range min(some, len(bs.pieces)) {
		bs.hand = (bs.hand + 1) % len(bs.pieces)
		if p := &bs.pieces[bs.hand]; p.dead > most && 4*p.dead > cap(p.b) && uint32(bs.hand) != bs.last {
			best, most = bs.hand, p.dead
		}
	}
	return uint32(best)
}

// dropBlob takes away what putBlob wrote, data of size bytes with their name.
func (t *nodeTable) dropBlob(at place, size int32) {
	t.blobs.drop(at, int(max(size, 0)))
	if from := t.blobs.victim(); from != 0 {
		t.empty(from)
	}
}

// empty moves the blobs that live in a piece elsewhere.
func (t *nodeTable) empty(from uint32) {
	b := t.blobs.pieces[from].b
	for offset := 0; offset < len(b); {
		id := binary.BigEndian.Uint32(b[offset:])
		if id&deadBlob != 0 {
			offset += int(id &^ deadBlob)
			continue
		}
		n := t.nodes.at(id)
		name, w := binary.Uvarint(b[offset+4:])
		size := 4 + w + int(name) + int(max(n.dataLen, 0))
		n.at.piece = t.blobs.room(size)
		p := &t.blobs.pieces[n.at.piece]
		n.at.offset = uint32(len(p.b))
		p.b = append(p.b, b[offset:offset+size]...)
		offset += size
	}
	t.blobs.discard(from)
}

func uvarintLen(n uint64) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
