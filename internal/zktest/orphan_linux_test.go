package zktest

import (
	"runtime"
	"testing"
)

// A server outlives the thread of the goroutine that asked for it.
func TestServerOutlivesAThread(t *testing.T) {
	s := make(chan *Server)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		s <- Apache(t, "")
	}()
	server := <-s
	for range 20 {
		if _, err := FourLetter(server.Addr, "ruok"); err != nil {
			t.Fatal(err)
		}
	}
}
