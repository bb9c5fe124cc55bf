package commands

import (
	"fmt"
	"io"
	"time"

	"github.com/fatih/color"

	"zook/client"
	"zook/jute"
)

// change is what watch prints of an event.
type change struct {
	Time    Time    `json:"time"` // when it was heard of
	Type    string  `json:"type"` // NodeCreated, NodeDeleted, NodeDataChanged, NodeChildrenChanged
	Path    string  `json:"path"`
	Zxid    *Hex    `json:"zxid,omitempty"`       // of the change, if known
	Data    *string `json:"data,omitempty"`       // with --data, if it is UTF-8
	Base64  []byte  `json:"dataBase64,omitempty"` // if it is not
	Problem string  `json:"error,omitempty"`      // why there is no data

	event client.Event
}

var changeColors = map[jute.EventType]color.Attribute{
	jute.EventNodeCreated:         color.FgGreen,
	jute.EventNodeDeleted:         red,
	jute.EventNodeDataChanged:     yellow,
	jute.EventNodeChildrenChanged: color.FgCyan,
}

func (c *change) Text(w io.Writer, s Style) {
	if s.Terminal {
		at := time.UnixMilli(int64(c.Time)).Format("15:04:05.000")
		kind := s.Paint(fmt.Sprintf("%-19s", c.Type), changeColors[c.event.Type])
		fmt.Fprintf(w, "%s %s %s", s.Paint(at, faint), kind, printable(c.Path))
	} else {
		fmt.Fprintf(w, "%v %s %s", c.Time, c.Type, printable(c.Path))
	}
	if data := c.shown(); data != "" {
		io.WriteString(w, "\t"+data)
	}
	fmt.Fprintln(w)
}

// shown is the data in one line.
func (c *change) shown() string {
	switch {
	case c.Data != nil:
		return printable(*c.Data)
	case c.Base64 != nil:
		return fmt.Sprintf("(%d bytes, binary)", len(c.Base64))
	case c.Problem != "":
		return "(" + printable(c.Problem) + ")"
	}
	return ""
}

func (c *change) Row(Style) ([]string, [][]string) {
	return []string{"time", "event", "path", "data"}, [][]string{{c.Time.String(), c.Type, printable(c.Path), c.shown()}}
}

func (c *change) ZkCli(w io.Writer) { zkcliEvent(w, c.event) }

func newChange(e client.Event) *change {
	item := EventItem(e)
	return &change{Time: Time(time.Now().UnixMilli()), Type: item.Type, Path: item.Path, Zxid: item.Zxid, event: e}
}
