package commands

import (
	"fmt"
	"math/bits"
	"strings"

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
		return &txnZkCli{}
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

// appendHex appends v as 0x…
func appendHex(b []byte, v int64) []byte {
	u := uint64(v)
	b = append(b, '0', 'x')
	for digits := max(1, (bits.Len64(u)+3)/4); digits > 0; digits-- {
		b = append(b, hexDigits[u>>(4*(digits-1))&15])
	}
	return b
}
