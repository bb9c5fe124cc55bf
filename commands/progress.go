package commands

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// progress draws, once work has lasted over a second and somebody watches, a
// line of how much is done, how fast, and how long it will take.
type progress struct {
	done  atomic.Int64
	total atomic.Int64 // 0 while unknown

	what  string // such as "deleted"
	start time.Time
	stop  chan struct{}
	drawn sync.WaitGroup
}

// progress starts to draw. Finish must be called.
func (e *Env) progress(what string) *progress {
	p := &progress{what: what, start: time.Now(), stop: make(chan struct{})}
	if w := e.Progress; w != nil {
		p.drawn.Go(func() { p.draw(w) })
	}
	return p
}

// Finish wipes the line.
func (p *progress) Finish() {
	close(p.stop)
	p.drawn.Wait()
}

func (p *progress) draw(w io.Writer) {
	wait := time.NewTimer(time.Second)
	defer wait.Stop()
	select {
	case <-p.stop:
		return
	case <-wait.C:
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if p.done.Load() > 0 || p.total.Load() > 0 { // else it waits for something that may draw
			fmt.Fprintf(w, "\r\x1b[K%s", p.line(time.Since(p.start)))
		}
		select {
		case <-p.stop:
			fmt.Fprint(w, "\r\x1b[K")
			return
		case <-tick.C:
		}
	}
}

// line is such as "deleted 12,000 of 200,000, 31,000/s, 6s left".
func (p *progress) line(elapsed time.Duration) string {
	s := Style{Terminal: true}
	done, total := p.done.Load(), p.total.Load()
	line := p.what + " " + s.Count(done)
	if total > 0 {
		line += " of " + s.Count(total)
	}
	rate := float64(done) / elapsed.Seconds()
	line += fmt.Sprintf(", %s/s", s.Count(int64(rate)))
	if total > done && rate > 0 {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		line += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return line
}
