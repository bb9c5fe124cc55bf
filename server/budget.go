package server

import "sync"

// largeRequest is from how many bytes on a request takes of the budget. Smaller ones
// are bounded by the number of connections.
const largeRequest = 64 << 10

// budget is how many bytes of large requests there may be, from when most of them has
// to arrive yet until they are answered. Whoever has one more waits for the others,
// where Apache, if it is told to count them (largeRequestThreshold), disconnects.
type budget struct {
	mu    sync.Mutex
	freed sync.Cond
	used  int
	max   int
}

func newBudget(max int) *budget {
	b := &budget{max: max}
	b.freed.L = &b.mu
	return b
}

// take waits until there is room for n bytes; more than there is room for at all go
// alone. It reports false once ended is closed, which it sees at a recheck.
func (b *budget) take(n int, ended <-chan struct{}) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.used > 0 && b.used+n > b.max {
		select {
		case <-ended:
			return false
		default:
			b.freed.Wait()
		}
	}
	b.used += n
	return true
}

func (b *budget) give(n int) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.freed.Broadcast()
}

// recheck makes those who wait see whether they still should.
func (b *budget) recheck() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.freed.Broadcast()
}
