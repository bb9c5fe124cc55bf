package shell

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/c-bata/go-prompt"
	"github.com/spf13/cobra"

	"zook/commands"
	"zook/completions"
)

const (
	// separators end what go-prompt takes for a word: the menu shows the last
	// element of a path, not all of it.
	separators = " /"
	// inlineTime is how long typing waits for candidates, so that a menu that is
	// known does not flicker. What takes longer is shown when it comes.
	inlineTime = 30 * time.Millisecond
	// answerTime is how long candidates may take at all.
	answerTime = 5 * time.Second
)

// menu finds the candidates for the line being typed, in the background.
type menu struct {
	env   *commands.Env // its own: the shell's belongs to the running command
	root  *cobra.Command
	cache *completions.Cache
	ready func() // called when candidates have come that were not there in time

	asked chan question // holds the newest

	mu      sync.Mutex
	version int // counts what makes old answers worthless
	want    question
	cancel  context.CancelFunc
	have    question
	cands   []completions.Candidate
	arrived chan struct{} // closed when want has become have
}

type question struct {
	line, cwd string
	version   int // of what is known; see forget
}

func newMenu(s commands.Shell, l completions.Lister, ready func()) *menu {
	m := &menu{ready: ready, asked: make(chan question, 1), have: question{version: -1}}
	m.cache = completions.NewCache(l, m.changed)
	m.env = &commands.Env{Lister: m.cache, Shell: s}
	m.root = commands.NewRoot(m.env)
	go m.answer()
	return m
}

// find returns the candidates for line, the text before the cursor. ok is false
// if they are not known yet: ready is called when they are.
func (m *menu) find(line, cwd string) (cands []completions.Candidate, ok bool) {
	m.mu.Lock()
	q := question{line, cwd, m.version}
	if m.have == q {
		defer m.mu.Unlock()
		return m.cands, true
	}
	if m.want != q || m.arrived == nil {
		m.ask(q)
	}
	arrived := m.arrived
	m.mu.Unlock()
	select {
	case <-arrived:
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.cands, m.have == q
	case <-time.After(inlineTime):
		return nil, false
	}
}

// ask puts q in the place of the question that is being answered. m.mu is held.
func (m *menu) ask(q question) {
	if m.cancel != nil {
		m.cancel()
	}
	m.want, m.arrived = q, make(chan struct{})
	select {
	case <-m.asked: // nobody has taken the last one
	default:
	}
	m.asked <- q
}

// answer answers one question at a time.
func (m *menu) answer() {
	for q := range m.asked {
		m.mu.Lock()
		if q != m.want {
			m.mu.Unlock()
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), answerTime)
		m.cancel = cancel
		arrived := m.arrived
		m.mu.Unlock()

		asked := time.Now()
		cands := m.candidates(ctx, q)
		cancel()

		m.mu.Lock()
		current := q == m.want
		if current {
			m.have, m.cands = q, cands
			close(arrived)
		}
		m.mu.Unlock()
		if current && time.Since(asked) > inlineTime/2 {
			m.ready()
		}
	}
}

func (m *menu) candidates(ctx context.Context, q question) (cands []completions.Candidate) {
	defer func() {
		if recover() != nil { // no candidates are better than no shell
			cands = nil
		}
	}()
	m.env.Cwd = q.cwd
	return completions.Line(ctx, m.root, q.line)
}

// changed is called when the cache has learnt something new.
func (m *menu) changed() {
	m.mu.Lock()
	m.version++
	m.mu.Unlock()
	m.ready()
}

// forget drops what is known of the server: a command has run, or the connection
// has changed.
func (m *menu) forget() {
	m.cache.Forget()
	m.mu.Lock()
	m.version++
	m.mu.Unlock()
}

// suggestions are candidates as go-prompt shows them, for a terminal of so many
// columns, and how far left of the cursor they belong.
func suggestions(line string, cands []completions.Candidate, columns int) (out []prompt.Suggest, left int) {
	word := completions.LastWord(line)
	kept := strings.LastIndexAny(word, separators) + 1
	widest := 0
	for _, c := range cands {
		widest = max(widest, width(c.Text[kept:]))
	}
	widest = min(widest, columns-4)
	room := columns - widest - 6 // for descriptions
	for _, c := range cands {
		s := prompt.Suggest{Text: c.Text[kept:]}
		if room >= 12 {
			s.Description = shorten(c.Description, room)
		}
		out = append(out, s)
	}
	return out, width(word[kept:]) + 1
}
