package datatree

// pairIndex finds entries of the watch table by path and watcher. It is a hash table that
// grows by one bucket with each entry (linear hashing), so that no client waits while a
// large table is made anew. The entries of a bucket are linked.
type pairIndex struct {
	buckets slab[uint32] // bucket b is number b+1: the first of its entries
	mask    uint32       // 2^k-1, where buckets 2^(k-1) <= n <= 2^k
	entries int
}

func hashPair(path, watcher uint32) uint32 {
	h := (uint64(path)<<32 | uint64(watcher)) * 0x9E3779B97F4A7C15
	h = (h ^ h>>32) * 0xD6E8FEB86659FD93
	return uint32(h >> 32)
}

func (x *pairIndex) bucket(path, watcher uint32) *uint32 {
	b := hashPair(path, watcher) & x.mask
	if b >= x.buckets.last {
		b &= x.mask >> 1 // the bucket that this one will be split from
	}
	return x.buckets.at(b + 1)
}

func (x *pairIndex) find(entries *slab[watch], path, watcher uint32) uint32 {
	if x.entries == 0 {
		return 0
	}
	id := *x.bucket(path, watcher)
	for id != 0 {
		e := entries.at(id)
		if e.path == path && e.watcher == watcher {
			break
		}
		id = e.nextOfPair
	}
	return id
}

func (x *pairIndex) insert(entries *slab[watch], id uint32) {
	if x.entries++; uint32(x.entries) > x.buckets.last {
		x.split(entries)
	}
	e := entries.at(id)
	b := x.bucket(e.path, e.watcher)
	e.nextOfPair, *b = *b, id
}

// split adds a bucket and moves to it what now belongs there.
func (x *pairIndex) split(entries *slab[watch]) {
	added := x.buckets.last
	x.buckets.take(0)
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
		e := entries.at(id)
		next := e.nextOfPair
		b := x.bucket(e.path, e.watcher)
		e.nextOfPair, *b = *b, id
		id = next
	}
}

func (x *pairIndex) remove(entries *slab[watch], id uint32) {
	e := entries.at(id)
	at := x.bucket(e.path, e.watcher)
	for *at != id {
		at = &entries.at(*at).nextOfPair
	}
	*at = e.nextOfPair
	x.entries--
}
