package datatree

// hashIndex finds entries, which are numbers, by a hash of their own. It grows by one
// bucket with each entry (linear hashing), so that nobody waits while a large table is
// made anew, and the entries of a bucket are linked: 4 bytes a bucket, of which there are
// as many as there were ever entries, and 4 for the link.
type hashIndex struct {
	buckets slab[uint32] // the first entry of each; bucket b is number b+1
	mask    uint32       // 2^k-1, where buckets 2^(k-1) < n <= 2^k
	entries uint32
}

// hashed are the entries of a hashIndex.
type hashed interface {
	hashOf(id uint32) uint32
	nextOf(id uint32) *uint32 // in its bucket
}

// bucket is where entries of a hash are: the first of them. There has to be an entry.
func (x *hashIndex) bucket(hash uint32) *uint32 {
	b := hash & x.mask
	if b >= x.buckets.last {
		b &= x.mask >> 1 // the bucket that this one will be split from
	}
	return x.buckets.at(b + 1)
}

// first is the first of the entries that may have a hash, or 0.
func (x *hashIndex) first(hash uint32) uint32 {
	if x.entries == 0 {
		return 0
	}
	return *x.bucket(hash)
}

func (x *hashIndex) insert(of hashed, id uint32) {
	if x.entries++; x.entries > x.buckets.last {
		x.split(of)
	}
	b := x.bucket(of.hashOf(id))
	*of.nextOf(id), *b = *b, id
}

// split adds a bucket and moves to it what now belongs there.
func (x *hashIndex) split(of hashed) {
	added := x.buckets.last
	x.buckets.take()
	if added > x.mask {
		x.mask = x.mask<<1 | 1
	}
	if added == 0 {
		return
	}
	from := x.buckets.at(added&(x.mask>>1) + 1)
	id := *from
	*from = 0
	for id != 0 {
		next := of.nextOf(id)
		b := x.bucket(of.hashOf(id))
		id, *next, *b = *next, *b, id
	}
}

func (x *hashIndex) remove(of hashed, id uint32) {
	at := x.bucket(of.hashOf(id))
	for *at != id {
		at = of.nextOf(*at)
	}
	*at = *of.nextOf(id)
	x.entries--
}

// reserve makes buckets for n entries at once.
func (x *hashIndex) reserve(of hashed, n int) {
	for x.buckets.last < uint32(n) {
		x.split(of)
	}
}
