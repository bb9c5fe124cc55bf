package shell

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// maxHistory is how many lines the history file keeps. It may grow to twice that
// before it is cut.
const maxHistory = 5000

// history is what was typed, in this session and before. The file has a line a
// line, the oldest first; several shells may add to it at once.
type history struct {
	path  string   // "" keeps nothing
	lines []string // the file as it was at the start, and this session's
	first int      // index in lines of this session's first
}

// historyPath is zook/history in the user's folder for the state of programs:
// $XDG_STATE_HOME, else ~/.local/state; on Windows %LocalAppData%.
func historyPath() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if runtime.GOOS == "windows" {
		dir, _ = os.UserCacheDir()
	} else if home, err := os.UserHomeDir(); dir == "" && err == nil {
		dir = filepath.Join(home, ".local", "state")
	}
	if !filepath.IsAbs(dir) {
		return "" // no home folder: nowhere for a file to be
	}
	return filepath.Join(dir, "zook", "history")
}

// openHistory reads the file; having none is fine.
func openHistory(path string) *history {
	h := &history{path: path}
	if path == "" {
		return h
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.path = ""
		return h
	}
	defer lock(path + ".lock")()
	b, err := os.ReadFile(path)
	if err != nil {
		return h
	}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			h.lines = append(h.lines, strings.Map(visible, strings.ToValidUTF8(line, "?")))
		}
	}
	if len(h.lines) > 2*maxHistory {
		h.lines = h.lines[len(h.lines)-maxHistory:]
		replaceFile(path, strings.Join(h.lines, "\n")+"\n")
	}
	h.first = len(h.lines)
	return h
}

// replaceFile writes a file beside and renames it: whoever reads sees the old
// content or the new. A failure leaves the old.
func replaceFile(path, content string) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return
	}
	_, err = f.WriteString(content)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
}

// session are this session's lines.
func (h *history) session() []string { return h.lines[h.first:] }

// add adds a line to the session, and to the file unless it holds a secret,
// starts with a blank or repeats the last one. History is no reason to fail: a
// file that cannot be written is not.
func (h *history) add(line string) {
	repeated := len(h.lines) > 0 && h.lines[len(h.lines)-1] == line
	h.lines = append(h.lines, line)
	if h.path == "" || repeated || line[0] == ' ' || secret.MatchString(line) {
		return
	}
	defer lock(h.path + ".lock")()
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteString(strings.Map(oneLine, line) + "\n")
}

func oneLine(r rune) rune {
	if r == '\n' || r == '\r' {
		return ' '
	}
	return r
}

// secret matches lines that carry a password: addauth, --auth, and the like.
var secret = regexp.MustCompile(`(?i)(^|[\s'"])(addauth|-{1,2}auth|\S*passw(or)?d)([\s=:'"]|$)`)
