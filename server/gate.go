package server

import "sync/atomic"

// gate is what Pause closes. The zero value is open.
type gate struct {
	shut atomic.Pointer[chan struct{}] // closed when the gate opens again; nil while it is open
}

// pass waits while the gate is shut.
func (g *gate) pass() {
	if shut := g.shut.Load(); shut != nil {
		<-*shut
	}
}

// close reports whether the gate was open.
func (g *gate) close() bool {
	shut := make(chan struct{})
	return g.shut.CompareAndSwap(nil, &shut)
}

// open lets everybody go on.
func (g *gate) open() {
	if shut := g.shut.Swap(nil); shut != nil {
		close(*shut)
	}
}
