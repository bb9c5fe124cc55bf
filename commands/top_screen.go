package commands

import (
	"cmp"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"zook/fourletter"
)

// pane is what the lower part of the screen shows.
type pane int

const (
	clientsPane pane = iota
	sessionsPane
	watchesPane
	helpPane
)

// topModel is the state of the screen. bubbletea calls Update and View from one
// goroutine.
type topModel struct {
	monitor *monitor
	style   Style
	server  string // as the user has named it
	height  int

	shown    *observed // the last, or what was last before a pause
	paused   bool
	interval time.Duration
	round    *topRound      // of shown, its clients in their order
	sessions []*sessionInfo // of shown, for their pane alone

	pane   pane
	before pane // help
	order  int  // of clients
	scroll int  // rows of the pane above its first line
	filter string
	typing bool // the filter

	watches *watchesAsked // nil before they are asked for

	err error // a panic
}

// What arrives besides keys and sizes.
type (
	newsMsg    struct{} // the monitor has something new
	tickMsg    struct{} // a second has passed
	watchesMsg struct{ *watchesAsked }
)

// watchesAsked is what servers have told of watched paths.
type watchesAsked struct {
	at    time.Time // zero while they are asked
	paths []watchedPath
	errs  []string
}

type watchedPath struct {
	path    string
	clients int
	servers []string
}

// topScreen shows the monitor on the whole terminal until the user leaves.
func (e *Env) topScreen(m *monitor, addrs []string) error {
	ctx, stop := signal.NotifyContext(m.ctx, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	model := &topModel{monitor: m, style: e.style(), server: strings.Join(addrs, ",")}
	program := tea.NewProgram(model, tea.WithContext(ctx), tea.WithInput(e.Console.In), tea.WithOutput(e.Console.Out),
		tea.WithoutSignalHandler(), tea.WithoutCatchPanics())
	m.changed = func() { program.Send(newsMsg{}) }
	m.watch(addrs...)
	_, err := program.Run()
	switch {
	case model.err != nil:
		return model.err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

func tick() tea.Cmd { return tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} }) }

// Init implements tea.Model.
func (t *topModel) Init() tea.Cmd { return tick() }

// Update implements tea.Model. A panic ends the program as an error does, with the
// terminal restored.
func (t *topModel) Update(msg tea.Msg) (_ tea.Model, cmd tea.Cmd) {
	defer func() {
		if r := recover(); r != nil {
			t.err, cmd = mistake(r), tea.Quit
		}
	}()
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		t.style.Width, t.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		cmd = t.key(msg)
	case watchesMsg:
		t.watches = msg.watchesAsked
	case tickMsg:
		cmd = tick()
		t.look()
	case newsMsg:
		t.look()
	}
	if t.err != nil {
		cmd = tea.Quit
	}
	return t, cmd
}

// look takes what the monitor knows now, unless there is a pause.
func (t *topModel) look() {
	now := t.monitor.observe()
	t.err, t.interval = cmp.Or(t.err, now.broken), now.interval
	if !t.paused {
		t.shown, t.round = now, now.round()
		t.arrange()
	}
}

// arrange puts what the pane shows in order: there may be very many rows.
func (t *topModel) arrange() {
	switch {
	case t.shown == nil:
	case t.pane == clientsPane:
		t.round.sortClients(t.order)
	case t.pane == sessionsPane:
		t.sessions = t.shown.census().sessions()
		slices.SortStableFunc(t.sessions, func(a, b *sessionInfo) int { return cmp.Compare(len(b.Ephemerals), len(a.Ephemerals)) })
	}
}

// key does what a key is for.
func (t *topModel) key(k tea.KeyPressMsg) tea.Cmd {
	name := k.String()
	if name == "ctrl+c" {
		return tea.Quit
	}
	if name == "ctrl+z" {
		return tea.Suspend
	}
	if t.typing {
		t.edit(k, name)
		return nil
	}
	if t.pane == helpPane {
		t.show(t.before)
		if name == "?" || name == "h" || name == "esc" {
			return nil
		}
	}
	switch name {
	case "q":
		return tea.Quit
	case "?", "h":
		t.before = t.pane
		t.show(helpPane)
	case "p", "space":
		t.pause(!t.paused)
	case "+", "=":
		t.setInterval(1)
	case "-":
		t.setInterval(-1)
	case "c":
		t.show(clientsPane)
	case "e":
		t.show(sessionsPane)
	case "w":
		return t.askWatches()
	case "s":
		t.order, t.scroll = (t.order+1)%len(clientOrders), 0
		t.show(clientsPane)
	case "/":
		t.typing, t.scroll = true, 0
	case "esc":
		t.filter, t.scroll = "", 0
	default:
		t.scrollBy(name)
	}
	return nil
}

// edit takes a key for the filter.
func (t *topModel) edit(k tea.KeyPressMsg, name string) {
	switch name {
	case "enter":
		t.typing = false
	case "esc":
		t.typing, t.filter = false, ""
	case "backspace":
		if r := []rune(t.filter); len(r) > 0 {
			t.filter = string(r[:len(r)-1])
		}
	case "ctrl+u":
		t.filter = ""
	default:
		for _, r := range k.Text {
			if unicode.IsPrint(r) {
				t.filter += string(r)
			}
		}
	}
}

func (t *topModel) scrollBy(name string) {
	page := max(1, t.height/2)
	switch name {
	case "up", "k":
		t.scroll--
	case "down", "j":
		t.scroll++
	case "pgup":
		t.scroll -= page
	case "pgdown":
		t.scroll += page
	case "home", "g":
		t.scroll = 0
	case "end", "G":
		t.scroll = 1 << 30 // what is too much is found out where it is drawn
	}
	t.scroll = max(0, t.scroll)
}

func (t *topModel) pause(paused bool) {
	t.paused = paused
	t.monitor.set(func(m *monitor) { m.paused = paused })
	t.look()
}

// topIntervals are those that + and - step through.
var topIntervals = []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute}

// setInterval makes rounds come more often (step 1) or less (-1).
func (t *topModel) setInterval(step int) {
	t.monitor.set(func(m *monitor) {
		next := m.interval
		for _, d := range topIntervals {
			if step > 0 && d < m.interval {
				next = d
			}
			if step < 0 && d > m.interval {
				next = d
				break
			}
		}
		m.interval = next
	})
	t.look()
}

func (t *topModel) show(p pane) {
	if t.pane != p {
		t.pane, t.scroll = p, 0
		t.monitor.set(func(m *monitor) { m.dumps = p == sessionsPane })
	}
	t.arrange()
}

// askWatches goes to the watched paths; once there it asks for them.
func (t *topModel) askWatches() tea.Cmd {
	if t.pane != watchesPane {
		t.show(watchesPane)
		return nil
	}
	if t.watches != nil && t.watches.at.IsZero() || t.shown == nil {
		return nil // they are on their way
	}
	t.watches = &watchesAsked{}
	m, o := t.monitor, t.shown
	return func() (msg tea.Msg) {
		m.safely(func() { msg = watchesMsg{m.askWatches(o)} })
		return msg
	}
}

// askWatches asks the servers that answer at all for their watches.
func (m *monitor) askWatches(o *observed) *watchesAsked {
	asked := &watchesAsked{}
	var live []string
	for _, s := range o.servers {
		if p := o.probe(s); p != nil && p.Err == nil {
			live = append(live, s.addr)
		}
	}
	type told struct {
		paths []fourletter.PathSessions
		err   error
	}
	byPath := map[string]*watchedPath{}
	for i, t := range atOnce(live, func(addr string) (t told) {
		t.paths, _, t.err = m.asker.Wchp(m.ctx, addr)
		return t
	}) {
		if t.err != nil {
			asked.errs = append(asked.errs, live[i]+": "+reason(t.err))
		}
		for _, p := range t.paths {
			if byPath[p.Path] == nil {
				byPath[p.Path] = &watchedPath{path: p.Path}
			}
			byPath[p.Path].clients += len(p.Sessions)
			byPath[p.Path].servers = append(byPath[p.Path].servers, live[i])
		}
	}
	for _, p := range byPath {
		asked.paths = append(asked.paths, *p)
	}
	sortWatched(asked.paths)
	asked.at = time.Now()
	return asked
}

// View implements tea.Model.
func (t *topModel) View() (v tea.View) {
	defer func() {
		if r := recover(); r != nil {
			t.err = cmp.Or(t.err, mistake(r))
			v = tea.NewView("")
		}
		v.AltScreen = true
	}()
	return tea.NewView(strings.Join(t.lines(), "\n"))
}
