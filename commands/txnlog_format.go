package commands

import (
	"bytes"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"zook/jute"
)

// loggedTxn is a transaction and where it was found.
type loggedTxn struct {
	jute.TxnView
	file   string
	offset int64  // of the record in the file
	size   int    // bytes of the transaction as the file holds it
	damage string // why it cannot be trusted; "" if nothing is wrong with it

	undecoded bool // only its header is known
}

// decode takes a transaction apart. If that cannot be done its header is all
// there is of it, and its damage says so.
func (t *loggedTxn) decode(raw []byte) {
	t.size = len(raw)
	err := t.TxnView.Decode(raw)
	if t.undecoded = err != nil; !t.undecoded {
		return
	}
	if t.damage == "" {
		t.damage = fmt.Sprintf("transaction of type %v: %v", t.Header.Type, err)
	}
	t.TxnView = jute.TxnView{Header: t.Header, Ops: t.Ops[:0], Closed: t.Closed[:0]}
}

// txnFormat writes transactions in one format. It is not for concurrent use.
type txnFormat interface {
	// append appends t, whole lines of it.
	append(b []byte, t *loggedTxn) []byte
}

// txnFormat returns the format that was asked for. json and table, which are of
// many transactions, are the caller's to make: here they are JSON lines and text.
func (e *Env) txnFormat(data dataMode) txnFormat {
	switch e.Format {
	case JSON, JSONL:
		return newTxnJSON(data)
	case ZkCli:
		return newTxnZkCli()
	}
	return newTxnText(e.style(), data)
}

// dataMode is how the data of znodes is shown: none, text, hex or base64; "" is
// what the format does by itself.
type dataMode string

const (
	dataNone   dataMode = "none"
	dataText   dataMode = "text"
	dataHex    dataMode = "hex"
	dataBase64 dataMode = "base64"
)

var dataModes = []string{string(dataNone), string(dataText), string(dataHex), string(dataBase64)}

// Set, Type and String make it a flag.
func (d *dataMode) Set(s string) error {
	for _, m := range dataModes {
		if s == m {
			*d = dataMode(s)
			return nil
		}
	}
	return fmt.Errorf("there is no %q; there are %s", s, strings.Join(dataModes, ", "))
}
func (d *dataMode) Type() string   { return "how" }
func (d *dataMode) String() string { return string(*d) }

// timeCache formats times. What is of the same second differs in its milliseconds at
// most.
type timeCache struct {
	format func([]byte, time.Time) []byte
	second int64
	text   []byte // of second, with zeros for milliseconds
	millis int    // where they are in text; 0 if the format has none
}

// append appends a time in milliseconds since the epoch.
func (c *timeCache) append(b []byte, ms int64) []byte {
	second, rest := ms/1000, ms%1000
	if rest < 0 {
		second, rest = second-1, rest+1000
	}
	if c.text == nil || second != c.second {
		c.second = second
		c.text = c.format(c.text[:0], time.Unix(second, 0))
		c.millis = bytes.LastIndexByte(c.text, '.') + 1
	}
	b = append(b, c.text...)
	if c.millis > 0 {
		digits := b[len(b)-len(c.text)+c.millis:]
		digits[0], digits[1], digits[2] = byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10)
	}
	return b
}

// appendTime is the format of Time.
func appendTime(b []byte, t time.Time) []byte { return t.AppendFormat(b, timeLayout) }

// appendHex appends v as 0x…
func appendHex(b []byte, v int64) []byte {
	u := uint64(v)
	b = append(b, '0', 'x')
	for digits := max(1, (bits.Len64(u)+3)/4); digits > 0; digits-- {
		b = append(b, hexDigits[u>>(4*(digits-1))&15])
	}
	return b
}
