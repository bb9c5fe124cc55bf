package commands

import "slices"

// javaLists finds the order of a map in which no bin ever becomes a tree: each bin
// has its keys in the order of insertion. That is most maps, and takes less.
type javaLists struct {
	bins  int // when the map is empty
	count []uint8
	start []int32
}

// order appends to order that of the keys whose hashCodes are given. It is not ok if
// a bin grew too long for a list on the way, so that a javaMap has to tell.
func (l *javaLists) order(hashCodes, order []int32) (_ []int32, ok bool) {
	bins := l.bins
	for ; ; bins *= 2 { // as the table grows
		l.count = slices.Grow(l.count[:0], bins)[:bins]
		clear(l.count)
		mask := int32(bins - 1)
		for _, h := range hashCodes[:min(len(hashCodes), bins/4*3+1)] {
			c := &l.count[spread(h)&mask]
			if *c++; *c > treeBeyond {
				return order, false
			}
		}
		if len(hashCodes) <= bins/4*3 {
			break
		}
	}
	l.start = slices.Grow(l.start[:0], bins)[:bins]
	n := int32(0)
	for i, c := range l.count {
		l.start[i] = n
		n += int32(c)
	}
	order = slices.Grow(order, len(hashCodes))[:len(order)+len(hashCodes)]
	for i, h := range hashCodes {
		bin := &l.start[spread(h)&int32(bins-1)]
		order[*bin] = int32(i)
		*bin++
	}
	return order, true
}

// eachPair calls do for each two keys of the order found last that have the same
// hashCode.
func (l *javaLists) eachPair(hashCodes, order []int32, do func(a, b int32)) {
	end := 0
	for _, c := range l.count {
		begin := end
		end += int(c)
		for i := begin; i < end; i++ {
			for j := i + 1; j < end; j++ {
				if hashCodes[order[i]] == hashCodes[order[j]] {
					do(order[i], order[j])
				}
			}
		}
	}
}
