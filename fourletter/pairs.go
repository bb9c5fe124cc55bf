package fourletter

import (
	"strings"
)

// Pair is a line of a reply that lists names and values.
type Pair struct{ Name, Value string }

// Pairs are such lines, in their order.
type Pairs []Pair

// Get returns the value of a name.
func (p Pairs) Get(name string) (string, bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Value, true
		}
	}
	return "", false
}

// Number returns the value of a name as a number; ok is false if there is none.
func (p Pairs) Number(name string) (v float64, ok bool) {
	text, ok := p.Get(name)
	if !ok {
		return 0, false
	}
	v, err := parseDouble(text)
	return v, err == nil
}

func (p Pairs) text(b *strings.Builder, prefix, sep string) {
	for _, pair := range p {
		b.WriteString(prefix)
		b.WriteString(pair.Name)
		b.WriteString(sep)
		b.WriteString(pair.Value)
		b.WriteByte('\n')
	}
}

// Mntr is the reply to mntr, names without their "zk_": what a server measures.
type Mntr struct{ Pairs }

// ParseMntr parses a reply to mntr.
func ParseMntr(reply string) (*Mntr, error) {
	m := &Mntr{}
	err := lines("mntr", reply, func(line string) string {
		name, value, ok := strings.Cut(line, "\t")
		name, isZk := strings.CutPrefix(name, "zk_")
		if !ok || !isZk || name == "" {
			return "zk_name, a tab and a value are wanted"
		}
		m.Pairs = append(m.Pairs, Pair{name, strings.TrimSpace(value)})
		return ""
	})
	return m, some("mntr", reply, len(m.Pairs), err)
}

// Text is the reply as a server writes it.
func (m *Mntr) Text() string {
	var b strings.Builder
	m.text(&b, "zk_", "\t")
	return b.String()
}

// Conf is the reply to conf: the configuration.
type Conf struct {
	Pairs
	// Membership is the ensemble, lines as server.1=… and version=…; of a member
	// of one since 3.5.
	Membership []string
}

const membership = "membership: "

// ParseConf parses a reply to conf.
func ParseConf(reply string) (*Conf, error) {
	c := &Conf{}
	members := false
	err := lines("conf", reply, func(line string) string {
		if strings.TrimSpace(line) == strings.TrimSpace(membership) {
			members = true
			return ""
		}
		name, value, ok := strings.Cut(line, "=")
		switch {
		case members:
			c.Membership = append(c.Membership, line)
		case !ok || name == "":
			return "name=value is wanted"
		default:
			c.Pairs = append(c.Pairs, Pair{name, value})
		}
		return ""
	})
	return c, some("conf", reply, len(c.Pairs), err)
}

// Text is the reply as a server writes it.
func (c *Conf) Text() string {
	var b strings.Builder
	c.text(&b, "", "=")
	if len(c.Membership) > 0 {
		b.WriteString(membership + "\n" + strings.Join(c.Membership, "\n") + "\n")
	}
	return b.String()
}

// Envi is the reply to envi: the process and its machine.
type Envi struct{ Pairs }

const environment = "Environment:"

// ParseEnvi parses a reply to envi.
func ParseEnvi(reply string) (*Envi, error) {
	e := &Envi{}
	begun := false
	err := lines("envi", reply, func(line string) string {
		if !begun {
			begun = true
			if line != environment {
				return environment + " is wanted"
			}
			return ""
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok { // of a value with line ends in it
			if len(e.Pairs) == 0 {
				return "name=value is wanted"
			}
			e.Pairs[len(e.Pairs)-1].Value += "\n" + line
			return ""
		}
		e.Pairs = append(e.Pairs, Pair{name, value})
		return ""
	})
	return e, some("envi", reply, len(e.Pairs), err)
}

// Text is the reply as a server writes it.
func (e *Envi) Text() string {
	var b strings.Builder
	b.WriteString(environment + "\n")
	e.text(&b, "", "=")
	return b.String()
}

// some is err, or that of a reply without anything in it.
func some(word, reply string, n int, err error) error {
	if err == nil && n == 0 {
		return &ParseError{Word: word, Text: reply, Reason: "there is nothing in it"}
	}
	return err
}
