package commands

import (
	"io"
	"strconv"
	"strings"

	"zook/jute"
)

// txnTable keeps transactions as rows of a table, which is drawn once its widths
// are known.
type txnTable struct {
	text *txnText
	rows [][]string
}

var txnColumns = []string{"time", "zxid", "session", "cxid", "type", "path", "more"}

// append appends nothing: it is there for txnScan.
func (f *txnTable) append(b []byte, t *loggedTxn) []byte {
	h := &t.Header
	path, more := "", ""
	if len(t.Ops) == 1 && h.Type != jute.OpMulti {
		path = string(appendWord(nil, t.Ops[0].Path))
		more = string(f.text.appendDetails(nil, &t.Ops[0]))
	} else {
		more = string(f.text.appendBody(nil, t))
	}
	if t.damage != "" {
		more += " DAMAGED: " + t.damage
	}
	cxid := "0x" + strconv.FormatUint(uint64(uint32(h.Cxid)), 16)
	f.rows = append(f.rows, []string{Time(h.Time).String(), Hex(h.Zxid).String(), Hex(h.ClientID).String(), cxid,
		h.Type.String(), path, strings.TrimLeft(more, " :")})
	return b
}

func (f *txnTable) Text(io.Writer, Style)            {}
func (f *txnTable) Row(Style) ([]string, [][]string) { return txnColumns, f.rows }
