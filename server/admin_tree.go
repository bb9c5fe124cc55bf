package server

import (
	bytedump "encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zook/datatree"
	"zook/jute"
)

// treePage is a znode as an anonymous client may see it.
type treePage struct {
	pageFrame
	Typed   string // path in the form
	Crumbs  []link
	Problem string

	ChildCount string
	Children   []link
	Next       string
	Data       string
	DataNote   string
	Hex        bool
	Stat, ACL  []fact
}

type link struct{ Link, Name, Note string }

type fact struct{ Name, Value, Note string }

// Bounds of what a page shows of a znode.
const (
	maxShownChildren = 500
	maxShownText     = 64 << 10
	maxShownBytes    = 4 << 10
)

// serveTree shows the znode that the query names.
func (a *adminServer) serveTree(w http.ResponseWriter, r *http.Request) {
	if !ownHost(r) {
		refuse(w, http.StatusMisdirectedRequest, "open this page by the address or the host name of the machine")
		return
	}
	query := r.URL.Query()
	path := query.Get("path")
	if path == "" {
		path = "/"
	}
	p := treePage{pageFrame: a.pageFrame(visible(path), "tree"), Typed: visible(path)}
	status := http.StatusOK
	if err := jute.CheckPath(path, false); err != nil {
		status, p.Problem = http.StatusBadRequest, "This is not the path of a znode."
	} else {
		p.Crumbs = crumbs(path)
		status = p.read(a.srv, path, query.Get("after"), a.anonymous(r))
	}
	a.show(w, status, "tree", p)
}

func treeLink(path string) string { return "/tree?path=" + url.QueryEscape(path) }

// crumbs are links to a znode's ancestors, and its name.
func crumbs(path string) []link {
	list := []link{{Link: treeLink("/"), Name: "/"}}
	if path == "/" {
		list[0].Link = ""
		return list
	}
	at := ""
	for name := range strings.SplitSeq(path[1:], "/") {
		at += "/" + name
		list = append(list, link{Link: treeLink(at), Name: visible(name)})
	}
	list[len(list)-1].Link = ""
	return list
}

// read fills the page with what who may see, and returns the status of HTTP.
func (p *treePage) read(s *Server, path, after string, who anonymous) int {
	v := s.tree.View()
	defer v.Close()
	data, stat, err := v.Get(path, who, nil)
	switch err {
	case jute.ErrOK:
	case jute.ErrNoAuth:
		p.Problem = "The ACL of this znode does not let anonymous clients of your address read it."
		return http.StatusForbidden
	default:
		p.Problem = "There is no such znode."
		return http.StatusNotFound
	}
	p.Data, p.DataNote, p.Hex = shown(data)
	p.Stat = statFacts(&stat)
	if acl, _, err := v.ACL(path, who); err == jute.ErrOK {
		if !who.Allowed(acl, jute.PermAdmin) {
			acl = hideDigests(acl)
		}
		for _, e := range acl {
			p.ACL = append(p.ACL, fact{Name: e.Perms.String(), Value: visible(e.ID.Scheme + ":" + e.ID.ID)})
		}
	}
	names, _, _ := v.Children(path, who, nil)
	p.listChildren(v, path, names, after, who)
	return http.StatusOK
}

// listChildren lists the children from behind a name on.
func (p *treePage) listChildren(v datatree.View, path string, names []string, after string, who anonymous) {
	p.ChildCount = grouped(int64(len(names)))
	slices.Sort(names)
	if after != "" {
		i, found := slices.BinarySearch(names, after)
		if found {
			i++
		}
		names = names[i:]
	}
	if len(names) > maxShownChildren {
		names = names[:maxShownChildren]
		p.Next = treeLink(path) + "&after=" + url.QueryEscape(names[len(names)-1])
	}
	for _, name := range names {
		child := jute.JoinPath(path, name)
		l := link{Link: treeLink(child), Name: visible(name)}
		if stat, err := v.Exists(child, who, nil); err == jute.ErrOK {
			l.Note = childNote(&stat)
		} else {
			l.Note = "not readable"
		}
		p.Children = append(p.Children, l)
	}
}

// childNote says in a few words what a child holds.
func childNote(s *jute.Stat) string {
	var parts []string
	if s.EphemeralOwner != 0 {
		parts = append(parts, "ephemeral")
	}
	if s.NumChildren > 0 {
		parts = append(parts, grouped(int64(s.NumChildren))+" below")
	}
	if s.DataLength > 0 {
		value, unit := bytesOf(int64(s.DataLength))
		parts = append(parts, value+" "+unit)
	}
	return strings.Join(parts, ", ")
}

// shown is data as text, or if it is none as a dump of its bytes.
func shown(data []byte) (text, note string, isHex bool) {
	value, unit := bytesOf(int64(len(data)))
	note = value + " " + unit
	if len(data) == 0 {
		return "", "", false
	}
	cut := func(limit int) {
		if len(data) > limit {
			data = data[:limit]
			note += fmt.Sprintf(", the first %d KiB of them", limit>>10)
		}
	}
	if utf8.Valid(data) && !slices.ContainsFunc(data, isBinary) {
		cut(maxShownText)
		return visibleLines(string(data)), note, false
	}
	cut(maxShownBytes)
	return bytedump.Dump(data), note + ", not text", true
}

func isBinary(c byte) bool { return c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != 0x1b }

// visible makes what cannot be seen, or changes how other text is seen, visible: control
// characters, bytes that are no UTF-8, marks that turn the direction of writing.
func visible(s string) string {
	return escapeUnless(s, func(r rune) bool { return strconv.IsPrint(r) })
}

// visibleLines leaves ends of lines and tabs as they are.
func visibleLines(s string) string {
	return escapeUnless(s, func(r rune) bool { return strconv.IsPrint(r) || r == '\n' || r == '\t' })
}

func escapeUnless(s string, keep func(rune) bool) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case keep(r):
			b.WriteString(s[i : i+n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		i += n
	}
	return b.String()
}

// statFacts is a Stat with what its numbers mean.
func statFacts(s *jute.Stat) []fact {
	when := func(ms int64) string {
		if ms == 0 {
			return ""
		}
		return time.UnixMilli(ms).Format("2006-01-02 15:04:05.000 MST") + ", " + ago(time.UnixMilli(ms))
	}
	zxid := func(v int64) string { return "0x" + strconv.FormatUint(uint64(v), 16) }
	facts := []fact{
		{"created", zxid(s.Czxid), when(s.Ctime)},
		{"modified", zxid(s.Mzxid), when(s.Mtime)},
		{"children changed", zxid(s.Pzxid), ""},
		{"version", strconv.Itoa(int(s.Version)), "of the data"},
		{"cversion", strconv.Itoa(int(s.Cversion)), "of the children"},
		{"aversion", strconv.Itoa(int(s.Aversion)), "of the ACL"},
	}
	if s.EphemeralOwner != 0 {
		facts = append(facts, fact{"ephemeral of", zxid(s.EphemeralOwner), "session"})
	}
	return facts
}
