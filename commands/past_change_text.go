package commands

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"
	"github.com/rogpeppe/go-internal/diff"
)

// briefDiff is how many lines of a diff are shown that was not asked for.
const briefDiff = 20

// writeBlock writes a change as git log shows a commit.
func (c *pastChange) writeBlock(w io.Writer, s Style) {
	title := c.kind()
	if c.Zxid != nil {
		title += " " + c.Zxid.String()
	}
	if c.recursive {
		title += " " + oneWord(c.Path)
	}
	switch {
	case c.Change == changeBefore && c.hole:
		title = "There when the logs go on"
	case c.Change == changeBefore:
		title = "There before the logs begin"
	}
	fmt.Fprintln(w, s.Paint(title, yellow))
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-9s %s\n", name+":", value)
		}
	}
	if c.Change == changeBefore {
		c.writeBefore(field)
	} else {
		field("Time", dashed(c.Time))
		field("Session", c.who())
	}
	field("Deleted", map[string]string{
		causeClosed: "with its session, which its client closed", causeExpired: "with its session, which expired",
		causeReaped: "by the server: " + reapedWhy(c.Mode)}[c.Cause])
	if c.Change != changeSetACL {
		mode := c.Mode
		if c.TTL != 0 {
			mode += fmt.Sprintf(", %v after its last change", time.Duration(c.TTL)*time.Millisecond)
		}
		field("Mode", mode)
	}
	field("ACL", arrow(aclText(c.OldACL), aclText(c.ACL), c.Change == changeDelete))
	field("Version", c.versions())
	field("Size", c.sizes(s))
	if c.Multi != nil {
		field("Multi", fmt.Sprintf("operation %d of %d", c.Multi.Op, c.Multi.Of))
	}
	fmt.Fprintln(w)
	if lines := c.diffLines(); len(lines) > 0 {
		c.writeDiff(w, s, lines)
		fmt.Fprintln(w)
	}
}

// writeBefore writes what the stat of a znode says of the time before the logs.
func (c *pastChange) writeBefore(field func(name, value string)) {
	if *c.Zxid == 0 {
		field("Created", "with the tree")
	} else {
		field("Created", fmt.Sprintf("%v, %v", c.Time, c.Zxid))
	}
	if c.Mzxid != nil && *c.Mzxid != *c.Zxid {
		field("Changed", fmt.Sprintf("%v, %v", c.Mtime, c.Mzxid))
	}
	if c.Session != nil {
		field("Session", c.Session.String())
	}
}

// who is the session that made a change, and what is known of it.
func (t *pastTxn) who() string {
	switch {
	case t.Session == nil:
		return "unknown"
	case *t.Session == 0:
		return "none, the server itself"
	}
	who := t.Session.String()
	if t.Opened != nil {
		who += ", opened " + t.Opened.String()
	} else if t.Timeout != nil {
		who += ", opened before the logs begin"
	}
	if t.Timeout != nil {
		who += fmt.Sprintf(", timeout %v", time.Duration(*t.Timeout)*time.Millisecond)
	}
	return who
}

// reapedWhy is why the server deletes a znode of that mode.
func reapedWhy(mode string) string {
	switch mode {
	case "container":
		return "a container whose last child had gone"
	case "ttl":
		return "its TTL was over"
	}
	return "a container whose last child had gone, or a TTL that was over"
}

func (c *pastChange) versions() string {
	if c.Change == changeSetACL {
		return arrow(orEmpty(c.OldAversion), orEmpty(c.Aversion), false) + " of the ACL"
	}
	return arrow(orEmpty(c.OldVersion), orEmpty(c.Version), c.Change == changeDelete)
}

func (c *pastChange) sizes(s Style) string {
	size := func(n *int) string {
		if n == nil {
			return ""
		}
		return s.Size(int64(*n))
	}
	return withUnit(arrow(size(c.OldLength), size(c.Length), c.Change == changeDelete))
}

// withUnit says that a size is bytes, if it has no unit.
func withUnit(size string) string {
	if size == "" || strings.HasSuffix(size, "B") {
		return size
	}
	return size + " bytes"
}

func orEmpty(v *int32) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

// arrow is "old -> now", or what there is of both.
func arrow(old, now string, gone bool) string {
	switch {
	case gone:
		return old
	case old == "" || now == "":
		return now
	}
	return old + " -> " + now
}

// diffLines are what changed in the data, none if nothing did.
func (c *pastChange) diffLines() []string {
	switch {
	case c.Change == changeSetACL, c.Change == changeBefore && !c.hasData, c.Change == changeDelete && !c.hasOld:
		return nil
	case c.Change == changeSetData && !c.hasOld:
		return append([]string{"@@ the data before is not known @@"}, dataLines("", c.data)...)
	case isText(c.oldData) && isText(c.data):
		return textDiff(c.oldData, c.data)
	}
	var lines []string
	if len(c.oldData) > 0 {
		lines = append(lines, dataLines("-", c.oldData)...)
	}
	if len(c.data) > 0 {
		lines = append(lines, dataLines("+", c.data)...)
	}
	return lines
}

// dataLines are the lines of data, or a summary in hexadecimal if it is not text.
func dataLines(prefix string, data []byte) []string {
	const most = 64 // bytes in hexadecimal
	text := strings.TrimSuffix(string(data), "\n")
	if !isText(data) {
		text = strings.TrimSuffix(hex.Dump(data[:min(len(data), most)]), "\n")
		if left := len(data) - most; left > 0 {
			text += fmt.Sprintf("\n… %d bytes more", left)
		}
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = prefix + lines[i]
	}
	return lines
}

// textDiff is a unified diff without its header. That data does not end its last line
// is worth telling only where this changes.
func textDiff(old, now []byte) []string {
	old, now = bytes.Clone(old), bytes.Clone(now)
	if len(now) == 0 || len(old) == 0 || old[len(old)-1] != '\n' && now[len(now)-1] != '\n' {
		old, now = endLine(old), endLine(now)
	}
	text := string(diff.Diff("", old, "", now))
	for range 3 {
		_, text, _ = strings.Cut(text, "\n")
	}
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func endLine(data []byte) []byte {
	if len(data) > 0 && data[len(data)-1] != '\n' {
		return append(data, '\n')
	}
	return data
}

// writeDiff writes the lines, indented.
func (c *pastChange) writeDiff(w io.Writer, s Style, lines []string) {
	left := 0
	if c.lines >= 0 && len(lines) > c.lines {
		left, lines = len(lines)-c.lines, lines[:c.lines]
	}
	for _, line := range lines {
		if c.lines >= 0 && s.Width > 0 {
			line = runewidth.Truncate(line, max(s.Width-4, 20), "…")
		}
		switch {
		case strings.HasPrefix(line, "@@"):
			line = s.Paint(line, color.FgCyan)
		case strings.HasPrefix(line, "-"):
			line = s.Paint(line, red)
		case strings.HasPrefix(line, "+"):
			line = s.Paint(line, color.FgGreen)
		}
		fmt.Fprintln(w, "    "+line)
	}
	if left > 0 {
		fmt.Fprintln(w, s.Paint(fmt.Sprintf("    … %s lines more (-p shows all)", s.Count(int64(left))), faint))
	}
}
