package completions

import (
	"errors"
	"strings"
	"unicode"
)

// Split cuts a line into words as a POSIX shell does: blanks separate; 'text'
// is literal; in "text" a backslash escapes only \ " $ ` and a newline;
// elsewhere it escapes whatever follows. Nothing else is special, so ; | > # $
// and * stand for themselves. A quote that is never closed, or a backslash that
// nothing follows, is an error that says so.
func Split(line string) ([]string, error) {
	s := scan(line)
	switch {
	case s.quote == '\'':
		return nil, errors.New("a single quote (') is not closed")
	case s.quote == '"':
		return nil, errors.New(`a double quote (") is not closed`)
	case s.escaped:
		return nil, errors.New(`the line ends in a backslash (\)`)
	}
	return s.words, nil
}

// special is true of what does not stand for itself outside quotes, in Split or
// in the shells whose lines a person may paste the word into.
func special(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	case r < unicode.MaxASCII+1:
		return !strings.ContainsRune("_-+./,:@%=^", r)
	}
	return r == unicode.ReplacementChar || !unicode.IsPrint(r)
}

// scanned is a line read up to its end, or up to the cursor.
type scanned struct {
	words   []string
	start   int  // where the last word starts in the line; len(line) after a blank
	inWord  bool // the line ends inside a word, which is the last of words
	quote   rune // the quote that is open at the end: ', " or 0
	escaped bool // the line ends in a backslash that escapes
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func scan(line string) scanned {
	var s scanned
	var word []byte
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case s.escaped:
			s.escaped = false
			switch {
			case c == '\n': // a continued line
			case s.quote == '"' && !strings.ContainsRune("\\\"$`", rune(c)):
				word = append(word, '\\', c)
			default:
				word = append(word, c)
			}
			s.inWord = s.inWord || c != '\n'
			continue
		case s.quote == 0 && blank(c):
			if s.inWord {
				s.words, word, s.inWord = append(s.words, string(word)), word[:0], false
			}
			continue
		}
		if !s.inWord {
			s.start = i
		}
		switch {
		case c == '\\' && s.quote != '\'':
			s.escaped = true
			continue // it may be a continued line, which starts no word
		case s.quote != 0 && rune(c) == s.quote:
			s.quote = 0
		case s.quote == 0 && (c == '\'' || c == '"'):
			s.quote = rune(c)
		default:
			word = append(word, c)
		}
		s.inWord = true
	}
	if s.inWord || s.escaped {
		s.words, s.inWord = append(s.words, string(word)), true
	} else {
		s.start = len(line)
	}
	return s
}
