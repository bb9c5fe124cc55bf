package datadir

import "iter"

// batchSize is how many values go from one goroutine to the other at a time.
const batchSize = 256

// ahead runs produce in a goroutine of its own and yields what it emits, a little
// behind it. An error of produce is the last thing that it yields. produce ends when
// emit returns false.
func ahead[T any](produce func(emit func(T) bool) error) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		full, empty := make(chan []T, 4), make(chan []T, 6)
		stop := make(chan struct{})
		var failed error
		go func() {
			defer close(full)
			batch := make([]T, 0, batchSize)
			pass := func() bool {
				select {
				case full <- batch:
				case <-stop:
					return false
				}
				select {
				case batch = <-empty:
				default:
					batch = make([]T, 0, batchSize)
				}
				return true
			}
			failed = produce(func(v T) bool {
				batch = append(batch, v)
				return len(batch) < batchSize || pass()
			})
			pass()
		}()
		defer func() { // once the goroutine has ended
			close(stop)
			for range full {
			}
		}()
		for batch := range full {
			for i := range batch {
				if !yield(&batch[i], nil) {
					return
				}
			}
			clear(batch)
			select {
			case empty <- batch[:0]:
			default:
			}
		}
		if failed != nil {
			yield(nil, failed)
		}
	}
}
