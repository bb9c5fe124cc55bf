package datatree

// slab holds values of one type under small numbers, from 1 on: 0 is none. It grows by
// a chunk at a time, so that nothing is ever copied and pointers into it stay good, and
// numbers take half the room of pointers, which the garbage collector would have to follow.
type slab[T any] struct {
	chunks [][]T    // not pointers to arrays: Go would touch the first byte of each to see that it is there
	last   uint32   // the highest number ever given
	free   []uint32 // numbers given back
}

const (
	slabBits  = 9
	slabChunk = 1 << slabBits
)

func (s *slab[T]) at(id uint32) *T { return &s.chunks[id>>slabBits][id&(slabChunk-1)] }

// take returns a number, whose value is zero.
func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		return id
	}
	s.last++
	if int(s.last>>slabBits) >= len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, slabChunk))
	}
	return s.last
}

// give gives a number back.
func (s *slab[T]) give(id uint32) {
	var none T
	*s.at(id) = none
	s.free = append(s.free, id)
}
