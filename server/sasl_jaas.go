package server

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// digestModule is the class that DIGEST-MD5 users are options of.
const digestModule = "org.apache.zookeeper.server.auth.DigestLoginModule"

// readJAAS reads the users of a section of a JAAS login configuration, with their
// passwords; nil if there is no such section.
//
//	Server {
//	    org.apache.zookeeper.server.auth.DigestLoginModule required
//	    user_bob="secret"
//	    user_ann="geheim";
//	};
//
// Its name may be a URL of a file.
//
// Behaviour: sun.security.provider.ConfigFile reads the file, and
// ServerCnxnFactory.getDigestMd5Credentials the users.
func readJAAS(file, section string) (map[string]string, error) {
	file = strings.TrimPrefix(file, "=") // "and no other file", in Java's words
	file = strings.TrimPrefix(file, "file:")
	if strings.HasPrefix(file, "//") {
		file = "/" + strings.TrimLeft(file, "/")
	}
	const largest = 1 << 20
	switch st, err := os.Stat(file); {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", file)
	case st.Size() > largest:
		return nil, fmt.Errorf("%s is %d bytes, too large for a login configuration", file, st.Size())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sections, err := parseJAAS(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	modules := sections[section]
	if len(modules) == 0 {
		return nil, nil
	}
	users := map[string]string{}
	for _, m := range modules {
		if m.class != digestModule {
			return nil, fmt.Errorf("%s: section %s: %s is not known: users log in by DIGEST-MD5, with %s", file, section, m.class, digestModule)
		}
		for option, value := range m.options {
			user, ok := strings.CutPrefix(option, "user_")
			if !ok {
				continue
			}
			if _, after, ok := strings.Cut(value, "${"); ok && strings.Contains(after, "}") {
				return nil, fmt.Errorf("%s: section %s: %s: there are no system properties here to put for ${…}", file, section, option)
			}
			users[user] = value
		}
	}
	return users, nil
}

// loginModule is one way to log in of a section.
type loginModule struct {
	class   string
	options map[string]string
}

// parseJAAS reads all sections of a file. Its errors begin with the line.
func parseJAAS(text string) (sections map[string][]loginModule, err error) {
	p := jaasParser{rest: string([]rune(text)), line: 1} // with U+FFFD for what is no UTF-8
	sections = map[string][]loginModule{}
	p.advance()
	for p.kind != jaasEnd && p.err == nil {
		name := p.word("the name of a section")
		if _, twice := sections[name]; twice {
			p.fail("there are two sections %s", name)
		}
		sections[name] = p.section()
	}
	return sections, p.err
}

// section reads "{ module flag option=value…; … };".
func (p *jaasParser) section() (modules []loginModule) {
	p.expect('{')
	for p.kind != '}' && p.err == nil {
		m := loginModule{class: p.word("the class of a login module"), options: map[string]string{}}
		line := p.line
		if flag := p.word("a control flag"); p.err == nil &&
			!slices.Contains([]string{"REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL"}, strings.ToUpper(flag)) {
			p.line = line
			p.fail("%q is not required, requisite, sufficient or optional", flag)
		}
		for p.kind != ';' && p.err == nil {
			option := p.word("an option")
			p.expect('=')
			m.options[option] = p.word("the value of " + option)
		}
		p.expect(';')
		modules = append(modules, m)
	}
	p.expect('}')
	p.expect(';')
	return modules
}

// jaasParser holds the token that comes next. Of two mistakes the first counts.
type jaasParser struct {
	rest string
	line int
	kind rune   // of the token: jaasEnd, jaasWord, or the character itself
	text string // of a word, without quotes
	err  error
}

const (
	jaasEnd  rune = -1
	jaasWord rune = -2
)

func (p *jaasParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%d: "+format, append([]any{p.line}, args...)...)
	}
}

// word takes a word, quoted or not.
func (p *jaasParser) word(what string) string {
	if p.kind != jaasWord {
		p.fail("%s is expected, not %s", what, p.token())
		return ""
	}
	text := p.text
	p.advance()
	return text
}

// expect takes a character.
func (p *jaasParser) expect(c rune) {
	if p.kind != c {
		p.fail("%c is expected, not %s", c, p.token())
		return
	}
	p.advance()
}

// token is the next one for an error: never what is quoted, which may be a secret.
func (p *jaasParser) token() string {
	switch p.kind {
	case jaasEnd:
		return "the end of the file"
	case jaasWord:
		return "a word or a value"
	}
	return fmt.Sprintf("%q", p.kind)
}

// advance reads the next token.
func (p *jaasParser) advance() {
	p.skip()
	if p.rest == "" {
		p.kind = jaasEnd
		return
	}
	c, size := utf8.DecodeRuneInString(p.rest)
	p.text = ""
	switch {
	case c == '"':
		p.rest = p.rest[size:]
		p.kind, p.text = jaasWord, p.unquote()
	case isJAASLetter(c) && c != '-':
		end := strings.IndexFunc(p.rest, func(c rune) bool { return !isJAASLetter(c) && !isJAASDigit(c) })
		if end < 0 {
			end = len(p.rest)
		}
		p.kind, p.text, p.rest = jaasWord, p.rest[:end], p.rest[end:]
	case isJAASDigit(c):
		p.fail("what begins with %q must be in quotes", c)
		p.kind, p.rest = c, p.rest[size:]
	default:
		p.kind, p.rest = c, p.rest[size:]
	}
}

func isJAASLetter(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0xa0 || strings.ContainsRune("$_-*", c)
}

func isJAASDigit(c rune) bool { return c >= '0' && c <= '9' || c == '.' || c == '-' }

// skip skips blanks and comments, which are /* */ and from any other / to the end
// of the line.
func (p *jaasParser) skip() {
	for p.rest != "" {
		switch c := p.rest[0]; {
		case c == '\n':
			p.line++
			p.rest = p.rest[1:]
		case c <= ' ':
			p.rest = p.rest[1:]
		case strings.HasPrefix(p.rest, "/*"):
			comment, after, _ := strings.Cut(p.rest[2:], "*/")
			p.line += strings.Count(comment, "\n")
			p.rest = after
		case c == '/':
			if end := strings.IndexAny(p.rest, "\r\n"); end >= 0 {
				p.rest = p.rest[end:]
			} else {
				p.rest = ""
			}
		default:
			return
		}
	}
}

// unquote reads what is quoted, whose first quote has been read. It ends with the
// line at the latest.
func (p *jaasParser) unquote() string {
	var b strings.Builder
	for p.rest != "" && p.rest[0] != '\n' && p.rest[0] != '\r' {
		c, size := utf8.DecodeRuneInString(p.rest)
		p.rest = p.rest[size:]
		switch c {
		case '"':
			return b.String()
		case '\\':
			c = p.escaped()
		}
		b.WriteRune(c)
	}
	return b.String()
}

// escaped reads what follows a backslash: a letter for a control character, up to
// three octal digits, or itself.
func (p *jaasParser) escaped() rune {
	if p.rest == "" {
		return '\\'
	}
	c, size := utf8.DecodeRuneInString(p.rest)
	if i := strings.IndexRune("abfnrtv", c); i >= 0 {
		c = rune("\a\b\f\n\r\t\v"[i])
	}
	if c < '0' || c > '7' {
		p.rest = p.rest[size:]
		if c == '\n' {
			p.line++
		}
		return c
	}
	digits, most := 1, 2
	if c <= '3' {
		most = 3
	}
	for digits < min(most, len(p.rest)) && p.rest[digits] >= '0' && p.rest[digits] <= '7' {
		digits++
	}
	v := rune(0)
	for _, d := range p.rest[:digits] {
		v = v<<3 + d - '0'
	}
	p.rest = p.rest[digits:]
	return v
}
