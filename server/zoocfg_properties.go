package server

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// property is what one line says, or several that a backslash joins.
type property struct {
	key, value string
	place      string // file:line of its first line, or the environment variable that it stands in
}

// maxConfigFile is larger than any configuration that people write.
const maxConfigFile = 1 << 20

// readProperties reads a file of Java properties. problems are of lines that Java
// would not take either.
func readProperties(file string) ([]property, []Problem, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfigFile+1))
	if err != nil {
		return nil, nil, err
	}
	if len(b) > maxConfigFile {
		return nil, nil, fmt.Errorf("%s: more than %d bytes are no configuration file", file, maxConfigFile)
	}
	if bytes.IndexByte(b, 0) != -1 {
		return nil, nil, fmt.Errorf("%s: it is not a text file", file)
	}
	props, problems := parseProperties(b, file)
	return props, problems, nil
}

// parseProperties takes what java.util.Properties takes, with its rules: the
// separator is the first '=', ':' or blank, with blanks around it; a backslash at
// the end of a line joins the next one to it, else it makes \t, \n, \r, \f, \uXXXX
// or the character behind it; bytes are ISO 8859-1.
func parseProperties(b []byte, file string) (props []property, problems []Problem) {
	l := lines{b: b, line: 1}
	for {
		line, at, ok := l.next()
		if !ok {
			return props, problems
		}
		key, value := splitProperty(line)
		p := property{place: fmt.Sprintf("%s:%d", file, at)}
		var err error
		if p.key, err = unescape(key); err == nil {
			p.value, err = unescape(value)
		}
		if err != nil {
			problems = append(problems, Problem{Place: p.place, Key: string(key), Text: err.Error(), Fatal: true})
			continue
		}
		p.key, p.value = trim(p.key), trim(p.value)
		props = append(props, p)
		if utf8.Valid(line) && !isASCII(line) {
			problems = append(problems, Problem{Place: p.place, Key: p.key,
				Text: "has letters beyond ASCII, which are read as ISO 8859-1 as Apache does; \\uXXXX is safe"})
		}
	}
}

// trim is String.trim, which Apache calls on both.
func trim(s string) string { return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }) }

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lines cuts a file into logical lines.
type lines struct {
	b    []byte
	line int // number of the line that b begins with
}

// next returns the next logical line that is neither blank nor a comment, without the
// blanks before it, and the number of its first line.
func (l *lines) next() (line []byte, at int, ok bool) {
	for len(l.b) > 0 {
		at = l.line
		part, joins := l.natural()
		part = bytes.TrimLeft(part, " \t\f")
		if len(part) == 0 || part[0] == '#' || part[0] == '!' {
			continue
		}
		line = append([]byte(nil), part...)
		for joins && len(l.b) > 0 {
			var more []byte
			more, joins = l.natural()
			more = bytes.TrimLeft(more, " \t\f")
			line = append(line, more...)
		}
		return line, at, true
	}
	return nil, 0, false
}

// natural takes a line off. joins says that it ended in an odd number of
// backslashes, the last of which is gone; a comment joins nothing.
func (l *lines) natural() (line []byte, joins bool) {
	end := bytes.IndexAny(l.b, "\r\n")
	if end == -1 {
		line, l.b = l.b, nil
	} else {
		line = l.b[:end]
		if bytes.HasPrefix(l.b[end:], []byte("\r\n")) {
			end++
		}
		l.b = l.b[end+1:]
		l.line++
	}
	trimmed := bytes.TrimRight(line, `\`)
	if (len(line)-len(trimmed))%2 == 1 {
		return line[:len(line)-1], true
	}
	return line, false
}

// splitProperty cuts a logical line at its separator.
func splitProperty(line []byte) (key, value []byte) {
	isBlank := func(c byte) bool { return c == ' ' || c == '\t' || c == '\f' }
	end := 0
	for ; end < len(line); end++ {
		if c := line[end]; c == '\\' {
			end++ // and what it stands before
		} else if c == '=' || c == ':' || isBlank(c) {
			break
		}
	}
	end = min(end, len(line))
	key, value = line[:end], line[end:]
	separated := false
	for len(value) > 0 && (isBlank(value[0]) || !separated && (value[0] == '=' || value[0] == ':')) {
		separated = separated || !isBlank(value[0])
		value = value[1:]
	}
	return key, value
}

// unescape makes a string of ISO 8859-1 with Java's escapes.
func unescape(b []byte) (string, error) {
	units := make([]uint16, 0, len(b)) // as Java has them: two escapes may be one character
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c != '\\' || i+1 == len(b) {
			if c != '\\' {
				units = append(units, uint16(c))
			}
			continue
		}
		i++
		switch c := b[i]; c {
		case 't':
			units = append(units, '\t')
		case 'n':
			units = append(units, '\n')
		case 'r':
			units = append(units, '\r')
		case 'f':
			units = append(units, '\f')
		case 'u':
			unit, ok := hexUnit(b[i+1:])
			if !ok {
				return "", fmt.Errorf(`\u without four hexadecimal digits`)
			}
			units, i = append(units, unit), i+4
		default:
			units = append(units, uint16(c))
		}
	}
	return string(utf16.Decode(units)), nil
}

func hexUnit(b []byte) (unit uint16, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit == -1 || c < '0' {
			return 0, false
		}
		unit = unit<<4 | uint16(digit)
	}
	return unit, true
}
