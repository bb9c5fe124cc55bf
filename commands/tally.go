package commands

import (
	"cmp"
	"slices"
)

// tally counts things of which there may be more than memory: it keeps the most
// frequent ones. A count is exact until there are more than limit things; after
// that the rarest half is forgotten whenever there are, and a count may be too low
// by what was forgotten, which is known (lossy counting).
type tally[K comparable] struct {
	limit  int
	counts map[K]*tallied
	missed int64 // the most that anything forgotten was counted
}

// tallied is the count of one thing.
type tallied struct {
	count  int64
	bytes  int64
	missed int64 // how much too low the count may be
}

// tallyLimit keeps a tally of paths at some megabytes.
const tallyLimit = 1 << 16

func newTally[K comparable]() *tally[K] {
	return &tally[K]{limit: tallyLimit, counts: map[K]*tallied{}}
}

// add counts key once. The caller has looked for it in counts.
func (t *tally[K]) add(key K) *tallied {
	if len(t.counts) >= t.limit {
		t.forget()
	}
	c := &tallied{missed: t.missed}
	t.counts[key] = c
	return c
}

// forget forgets the rarest half.
func (t *tally[K]) forget() {
	all := make([]int64, 0, len(t.counts))
	for _, c := range t.counts {
		all = append(all, c.count+c.missed)
	}
	slices.Sort(all)
	t.missed = all[len(all)/2]
	for key, c := range t.counts {
		if c.count+c.missed <= t.missed {
			delete(t.counts, key)
		}
	}
}

// top are the most frequent things, and of those that are as frequent the lower.
func top[K cmp.Ordered, T any](t *tally[K], n int, item func(K, *tallied) T) []T {
	type entry struct {
		key K
		*tallied
	}
	best := newTopList(n, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.key, b.key))
	})
	for key, c := range t.counts {
		best.add(entry{key, c})
	}
	items := make([]T, 0, len(best.items))
	for _, e := range best.items {
		items = append(items, item(e.key, e.tallied))
	}
	return items
}
