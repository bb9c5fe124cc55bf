package server

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// calmLog is a log of what clients cause, which a flood of them cannot fill a disk
// with: of records with the same message it writes some, and later how many more
// there were.
type calmLog struct {
	slog.Handler
	seen *seenMessages // of all logs made of one
}

const (
	calmWindow = 10 * time.Second
	calmBurst  = 20 // records of one message in a window
)

type seenMessages struct {
	mu     sync.Mutex
	byText map[string]*seenMessage
}

type seenMessage struct {
	since time.Time
	count int
}

func newCalmLog(h slog.Handler) *calmLog {
	return &calmLog{h, &seenMessages{byText: map[string]*seenMessage{}}}
}

// Handle writes a record, or counts it.
func (l *calmLog) Handle(ctx context.Context, r slog.Record) error {
	if !l.seen.note(r.Message, r.Time) {
		return nil
	}
	return l.Handler.Handle(ctx, r)
}

// settle writes how many records were left out in the time that is over.
func (l *calmLog) settle(now time.Time) {
	for message, omitted := range l.seen.over(now) {
		r := slog.NewRecord(now, slog.LevelWarn, message, 0)
		r.AddAttrs(slog.Int("moreLikeThese", omitted))
		l.Handler.Handle(context.Background(), r)
	}
}

// note reports whether a message is to be written.
func (s *seenMessages) note(message string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.byText[message]
	if m == nil {
		m = &seenMessage{since: now}
		s.byText[message] = m
	}
	m.count++
	return m.count <= calmBurst
}

// over forgets the messages that came first more than a window ago, and returns how
// many of each were not written.
func (s *seenMessages) over(now time.Time) map[string]int {
	omitted := map[string]int{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for message, m := range s.byText {
		if now.Sub(m.since) >= calmWindow {
			delete(s.byText, message)
			if m.count > calmBurst {
				omitted[message] = m.count - calmBurst
			}
		}
	}
	return omitted
}

// WithAttrs returns a log with attributes, which calms down together with this one.
func (l *calmLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &calmLog{l.Handler.WithAttrs(attrs), l.seen}
}

// WithGroup returns a log with a group.
func (l *calmLog) WithGroup(name string) slog.Handler {
	return &calmLog{l.Handler.WithGroup(name), l.seen}
}
