package jute

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// PathError says why a path is none of a znode.
type PathError struct {
	Path   string
	Reason string
}

func (e *PathError) Error() string { return fmt.Sprintf("invalid path %q: %s", e.Path, e.Reason) }

// CheckPath reports whether path can name a znode, as PathUtils.validatePath
// does: absolute, no trailing or doubled slash, no "." or ".." element, and no
// character that Apache refuses. A sequential create may end in a slash, as the
// counter follows it. The error is a *PathError.
func CheckPath(path string, sequential bool) error {
	if isPlainPath(path) { // one look at each byte, as nearly every request has it
		return nil
	}
	fail := func(reason string) error { return &PathError{path, reason} }
	switch {
	case path == "":
		return fail("it is empty")
	case path[0] != '/':
		return fail("it must start with /")
	case path == "/" && !sequential:
		return nil
	case path[len(path)-1] == '/' && !sequential:
		return fail("it must not end with /")
	case !utf8.ValidString(path):
		return fail("it is not UTF-8")
	}
	for i, r := range path {
		switch {
		case r == 0:
			return fail(fmt.Sprintf("NUL at byte %d", i))
		// Beyond 0xffff are pairs of the surrogates that Apache refuses.
		case r <= 0x1f, r >= 0x7f && r <= 0x9f, r >= 0xd800 && r <= 0xf8ff, r >= 0xfff0:
			return fail(fmt.Sprintf("character %U at byte %d", r, i))
		}
	}
	if sequential {
		path += "1"
	}
	for elem, rest, more := "", path[1:], true; more; {
		elem, rest, more = strings.Cut(rest, "/")
		switch elem {
		case "":
			return fail("it has an empty element")
		case ".", "..":
			return fail(fmt.Sprintf("it has a %q element; znode paths have no relative parts", elem))
		}
	}
	return nil
}

// isPlainPath reports whether path is one of letters, digits and usual signs of ASCII: then
// there is nothing more to check.
func isPlainPath(path string) bool {
	if len(path) < 2 || path[0] != '/' {
		return false
	}
	before := byte('/')
	for i := 1; i < len(path); i++ {
		c := path[i]
		if c <= ' ' || c >= 0x7f || before == '/' && (c == '/' || c == '.') {
			return false
		}
		before = c
	}
	return before != '/'
}

// ParentPath is the path of the parent of a valid path; "/" of "/".
func ParentPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// BaseName is the last element of a valid path; "" of "/".
func BaseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// JoinPath is the path of a child.
func JoinPath(parent, child string) string {
	if parent == "/" {
		return "/" + child
	}
	return parent + "/" + child
}
