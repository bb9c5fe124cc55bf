package server

import (
	"sync"

	"zook/fourletter"
)

// digestLog keeps the digest of the tree at some zxids, so that servers of an
// ensemble can be compared.
//
// Behaviour: DataTree.logZxidDigest.
type digestLog struct {
	mu      sync.Mutex
	digests []fourletter.Digest
}

const (
	digestInterval = 128 // zxids
	maxDigests     = 1024
)

// note takes a digest if it is one to keep.
func (l *digestLog) note(zxid, digest int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.digests) == maxDigests {
		l.digests = append(l.digests[:0], l.digests[1:]...)
	}
	l.digests = append(l.digests, fourletter.Digest{Zxid: zxid, Digest: digest})
}

// read returns those that are kept, the oldest first.
func (l *digestLog) read() []fourletter.Digest {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]fourletter.Digest(nil), l.digests...)
}
