package commands

import "strings"

// quoting follows a text byte by byte, as completions.Split reads it, to tell
// where it could be cut.
type quoting struct {
	quote   byte // the one that is open: ', " or 0
	escaped bool // the last byte was a backslash
}

// plain takes the next byte, and reports whether it stands for itself: outside
// of quotes, and not escaped.
func (q *quoting) plain(c byte) bool {
	switch {
	case q.escaped:
		q.escaped = false
	case c == '\\' && q.quote != '\'':
		q.escaped = true
	case q.quote != 0:
		if c == q.quote {
			q.quote = 0
		}
	case c == '\'' || c == '"':
		q.quote = c
	default:
		return true
	}
	return false
}

// isComment reports whether a line is a comment.
func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

// cutOps cuts text at each ; and at each end of a line that stands for itself,
// and drops comments and what is empty.
func cutOps(text string) (ops []string) {
	for text != "" {
		if isComment(text) {
			_, text, _ = strings.Cut(strings.TrimSpace(text), "\n")
			continue
		}
		var q quoting
		end := 0
		for end < len(text) && !(q.plain(text[end]) && (text[end] == ';' || text[end] == '\n')) {
			end++
		}
		if op := strings.TrimSpace(text[:end]); op != "" {
			ops = append(ops, text[:end])
		}
		text = text[min(end+1, len(text)):]
	}
	return ops
}
