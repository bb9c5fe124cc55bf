package datadir

import (
	"io"
	"iter"
)

// Limits of what goes from one goroutine to the other at a time.
const (
	batchSize  = 256
	batchBytes = 256 << 10
)

// ahead calls fill in a goroutine of its own, and yields the batches that it fills, a
// little behind it. A batch comes back to fill as it was. An error of fill, but for io.EOF,
// is the last thing that ahead yields, behind the batch that fill gave with it.
func ahead[B any](fill func(*B) error) iter.Seq2[*B, error] {
	return func(yield func(*B, error) bool) {
		full, empty := make(chan *B, 4), make(chan *B, 6)
		stop := make(chan struct{})
		var failed error
		go func() {
			defer close(full)
			for failed == nil {
				var b *B
				select {
				case b = <-empty:
				default:
					b = new(B)
				}
				failed = fill(b)
				select {
				case full <- b:
				case <-stop:
					return
				}
			}
		}()
		defer func() { // once the goroutine has ended
			close(stop)
			for range full {
			}
		}()
		for b := range full {
			if !yield(b, nil) {
				return
			}
			select {
			case empty <- b:
			default:
			}
		}
		if failed != io.EOF {
			yield(nil, failed)
		}
	}
}
