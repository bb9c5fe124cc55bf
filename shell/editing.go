package shell

import (
	"strings"

	"github.com/c-bata/go-prompt"

	"zook/completions"
)

// bind is the shell's own keys; nil leaves a key to go-prompt, which knows those
// of Emacs. It runs between actions, never during one.
func (s *shell) bind(key string) action {
	if s.search != nil {
		return func(buf *prompt.Buffer) { s.searchKey(buf, key) }
	}
	switch key {
	case "\t":
		return s.tab
	case "\x04": // Ctrl-D
		return s.endOfInput
	case "\x0c": // Ctrl-L
		return func(*prompt.Buffer) { s.screen.clear() }
	case "\x12": // Ctrl-R
		return s.startSearch
	case "\x1a": // Ctrl-Z
		return s.suspend
	case "\x1bb", "\x1b[1;5D", "\x1b[1;3D": // Alt-B, Ctrl- and Alt-Left
		return func(buf *prompt.Buffer) { buf.CursorLeft(wordBefore(buf)) }
	case "\x1bf", "\x1b[1;5C", "\x1b[1;3C": // Alt-F, Ctrl- and Alt-Right
		return func(buf *prompt.Buffer) { buf.CursorRight(wordAfter(buf)) }
	case "\x1b\x7f", "\x1b\x08": // Alt-Backspace
		return func(buf *prompt.Buffer) { buf.DeleteBeforeCursor(wordBefore(buf)) }
	case "\x1bd": // Alt-D
		return func(buf *prompt.Buffer) { buf.Delete(wordAfter(buf)) }
	}
	return nil
}

// wordBefore is the number of characters back to the start of a word, which is
// an element of a path too.
func wordBefore(buf *prompt.Buffer) int {
	before := []rune(buf.Document().TextBeforeCursor())
	i := len(before)
	for i > 0 && strings.ContainsRune(separators, before[i-1]) {
		i--
	}
	for i > 0 && !strings.ContainsRune(separators, before[i-1]) {
		i--
	}
	return len(before) - i
}

// wordAfter is the number of characters on to the end of a word.
func wordAfter(buf *prompt.Buffer) int {
	after := []rune(buf.Document().TextAfterCursor())
	i := 0
	for i < len(after) && strings.ContainsRune(separators, after[i]) {
		i++
	}
	for i < len(after) && !strings.ContainsRune(separators, after[i]) {
		i++
	}
	return i
}

// endOfInput is Ctrl-D: it leaves from an empty line, else deletes the character
// under the cursor.
func (s *shell) endOfInput(buf *prompt.Buffer) {
	if buf.Text() != "" && !s.keys.isGone() {
		if buf.Document().TextAfterCursor() != "" {
			buf.Delete(1)
		}
		return
	}
	s.leaving = true
	setLine(buf, "", -1)
	s.keys.inject("\x04") // go-prompt ends Input at it
}

// suspend is Ctrl-Z.
func (s *shell) suspend(*prompt.Buffer) {
	s.screen.forget()
	s.tty.TearDown()
	suspend()
	s.tty.Setup()
}

// refresh draws the prompt anew, as the connection or the candidates are now.
func (s *shell) refresh(buf *prompt.Buffer) {
	s.updatePrefix()
	if line := s.tabbed; line != "" {
		s.tabbed = ""
		if line == buf.Document().TextBeforeCursor() {
			s.tab(buf)
		}
	}
}

func (s *shell) updatePrefix() {
	if s.search != nil {
		s.prefix = s.search.prefix()
		return
	}
	columns, _ := s.screen.size()
	server, state, color := s.link.state()
	s.screen.setState(color)
	s.prefix = prefix(server, state, s.env.Cwd, len(s.history.session()), columns)
}

// complete is go-prompt's completer: what the menu shows.
func (s *shell) complete(d prompt.Document) []prompt.Suggest {
	line := d.TextBeforeCursor()
	switch d.LastKeyStroke() {
	case prompt.Tab, prompt.BackTab, prompt.Up, prompt.Down:
		if line == s.listed && len(s.list) > 0 {
			return s.list // one is being chosen: it must not change
		}
	}
	all := s.showAll
	s.showAll = false
	if s.search != nil || s.keys.menuIsOff() || completions.LastWord(line) == "" && !all {
		return nil
	}
	if after := d.TextAfterCursor(); after != "" && after[0] != ' ' {
		return nil
	}
	cands, ok := s.menu.find(line, s.env.Cwd)
	if !ok || len(cands) == 1 && cands[0].Description == "" && cands[0].Text == completions.LastWord(line) {
		return nil
	}
	columns, _ := s.screen.size()
	s.listed = line
	s.list, s.canvas.menuLeft = suggestions(line, cands, columns)
	return s.list
}

// tab completes the word before the cursor as far as it is certain. If it is not,
// the menu takes over.
func (s *shell) tab(buf *prompt.Buffer) {
	line := buf.Document().TextBeforeCursor()
	cands, ok := s.menu.find(line, s.env.Cwd)
	switch {
	case !ok:
		s.tabbed = line // refresh goes on when the candidates are there
	case len(cands) > 0:
		s.take(buf, line, cands)
	}
}

func (s *shell) take(buf *prompt.Buffer, line string, cands []completions.Candidate) {
	word := completions.LastWord(line)
	certain := commonStart(cands)
	switch {
	case len(cands) == 1 && !cands[0].Partial && !strings.HasPrefix(buf.Document().TextAfterCursor(), " "):
		certain += " "
	case certain == word:
		s.showAll = true
		s.keys.inject("\t")
		return
	}
	if rest, ok := strings.CutPrefix(certain, word); ok {
		buf.InsertText(rest, false, true)
	}
}

// commonStart is what all candidates start with, cut so that it does not end in
// half an escape.
func commonStart(cands []completions.Candidate) string {
	start := cands[0].Text
	for _, c := range cands[1:] {
		for !strings.HasPrefix(c.Text, start) {
			r := []rune(start)
			start = string(r[:len(r)-1])
		}
	}
	if len(cands) > 1 {
		bare := strings.TrimRight(start, `\`)
		if (len(start)-len(bare))%2 == 1 {
			start = start[:len(start)-1]
		}
	}
	return start
}

// startSearch is Ctrl-R.
func (s *shell) startSearch(buf *prompt.Buffer) {
	lines := s.history.lines
	s.search = &search{lines: lines, at: len(lines), before: buf.Text()}
	s.updatePrefix()
}

func (s *shell) searchKey(buf *prompt.Buffer, key string) {
	line, done, rest := s.search.key(key)
	if !done {
		at := strings.Index(line, s.search.query)
		if at >= 0 {
			at = len([]rune(line[:at]))
		}
		setLine(buf, line, at)
		s.updatePrefix()
		return
	}
	s.search = nil
	s.updatePrefix()
	setLine(buf, line, -1)
	if rest == "" {
		return
	}
	if a := s.bind(rest); a != nil {
		a(buf)
	} else {
		s.keys.inject(rest)
	}
}
