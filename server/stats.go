package server

import (
	"math"
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// counter counts what has happened.
type counter struct{ n atomic.Int64 }

func (c *counter) add(n int64) { c.n.Add(n) }

func (c *counter) get() int64 { return c.n.Load() }

// summary is how values are spread: their number, sum and extremes, and how many
// there are of each size. Values are whole and not negative.
//
// Behaviour: AvgMinMaxPercentileCounter.java, which keeps a sample of 4096 values
// where this one counts all of them.
type summary struct {
	mu sync.Mutex
	spread
	sizes []int64 // by bucketOf

	// What sizes was some time ago, for what came since.
	before, later []int64
	turned        time.Duration // when later was sizes, since epoch
}

// recently is how long back recent looks at least, and half of how long at most.
const recently = time.Minute

// spread is a summary without its percentiles.
type spread struct{ count, sum, min, max int64 }

func (s *spread) add(v, n int64) {
	if s.count == 0 || v < s.min {
		s.min = v
	}
	s.max = max(s.max, v)
	s.count += n
	s.sum += v * n
}

// join takes over what another has counted.
func (s *spread) join(o spread) {
	if o.count == 0 {
		return
	}
	if s.count == 0 || o.min < s.min {
		s.min = o.min
	}
	s.max = max(s.max, o.max)
	s.count += o.count
	s.sum += o.sum
}

// avg is the mean, with four decimals as Apache's AvgMinMaxCounter.
func (s *spread) avg() float64 {
	if s.count == 0 {
		return 0
	}
	return math.Round(float64(s.sum)/float64(s.count)*1e4) / 1e4
}

// add counts a value that has come n times.
func (s *summary) add(v, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addLocked(max(v, 0), n)
}

func (s *summary) addLocked(v, n int64) {
	s.spread.add(v, n)
	b := bucketOf(v)
	if b >= len(s.sizes) {
		s.sizes = append(s.sizes, make([]int64, b+1-len(s.sizes))...)
	}
	s.sizes[b] += n
}

// read returns the spread, and a copy of how many values there are of each size.
func (s *summary) read() (spread, []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spread, append([]int64(nil), s.sizes...)
}

// recent returns how many of the values of the last one or two minutes there are of
// each size, nil if there are none. It counts from its own calls on.
func (s *summary) recent() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Since(epoch); now-s.turned > recently {
		s.before, s.later, s.turned = s.later, append([]int64(nil), s.sizes...), now
	}
	var sizes []int64
	for b, n := range s.sizes {
		if b < len(s.before) {
			n -= s.before[b]
		}
		if n > 0 {
			sizes = append(append(sizes, make([]int64, b-len(sizes))...), n)
		}
	}
	return sizes
}

func (s *summary) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spread, s.sizes, s.before, s.later = spread{}, nil, nil, nil
}

// Values up to 63 have a bucket each, those above share 32 buckets with all that
// have as many bits: what is read of a bucket is wrong by 3 % at most.
const (
	exactBits   = 6
	bucketsEach = 1 << (exactBits - 1)
)

func bucketOf(v int64) int {
	if v < 1<<exactBits {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - exactBits
	return shift*bucketsEach + int(v>>shift)
}

// bucketValue is the smallest value of a bucket.
func bucketValue(b int) int64 {
	if b < 1<<exactBits {
		return int64(b)
	}
	shift := b/bucketsEach - 1
	return int64(b-shift*bucketsEach) << shift
}

// percentile returns the value that a share of all values does not exceed; 0 of
// none.
func percentile(sizes []int64, share float64) int64 {
	total := int64(0)
	for _, n := range sizes {
		total += n
	}
	rank := max(1, int64(math.Ceil(share*float64(total))))
	for b, n := range sizes {
		if rank -= n; rank <= 0 {
			return bucketValue(b)
		}
	}
	return 0
}

// spreadSet is a spread for each of several keys.
type spreadSet struct {
	mu    sync.Mutex
	byKey map[string]*spread
}

// maxKeys bounds the keys of a set: clients name them, and may make any number.
const maxKeys = 1000

// join counts for a key; a new key beyond maxKeys is not counted.
func (s *spreadSet) join(key string, o spread) {
	if o.count == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.byKey[key]
	if at == nil {
		if len(s.byKey) == maxKeys {
			return
		}
		if s.byKey == nil {
			s.byKey = map[string]*spread{}
		}
		at = &spread{}
		s.byKey[strings.Clone(key)] = at
	}
	at.join(o)
}

func (s *spreadSet) read() map[string]spread {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := make(map[string]spread, len(s.byKey))
	for key, sp := range s.byKey {
		m[key] = *sp
	}
	return m
}

func (s *spreadSet) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sp := range s.byKey { // the keys stay, as in AvgMinMaxCounterSet
		*sp = spread{}
	}
}
