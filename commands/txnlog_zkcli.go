package commands

import (
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"zook/jute"
)

// txnZkCli writes the lines of Apache's TxnLogToolkit, as of ZooKeeper 3.10. (3.8
// writes the parts of a multi as bytes.)
type txnZkCli struct {
	second  int64  // since the epoch
	time    []byte // of that second
	scratch []byte
}

// appendTime appends a time. Most transactions are of the second of the last one.
func (f *txnZkCli) appendTime(b []byte, ms int64) []byte {
	if second := floorDiv(ms, 1000); second != f.second || f.time == nil {
		f.second, f.time = second, appendJavaTime(f.time[:0], time.Unix(second, 0))
	}
	return append(b, f.time...)
}

// append appends nothing of a transaction that cannot be decoded, at which Apache's
// tool ends.
func (f *txnZkCli) append(b []byte, t *loggedTxn) []byte {
	if t.undecoded {
		return b
	}
	if t.damage == "" {
		return f.appendLine(b, t)
	}
	b = f.appendLine(append(b, "CRC ERROR - "...), t)
	return f.appendLine(b, t)
}

func (f *txnZkCli) appendLine(b []byte, t *loggedTxn) []byte {
	h := &t.Header
	b = f.appendTime(b, h.Time)
	b = appendHex(append(b, " session "...), h.ClientID)
	b = appendHex(append(b, " cxid "...), int64(h.Cxid))
	b = appendHex(append(b, " zxid "...), h.Zxid)
	b = append(append(append(b, ' '), h.Type.String()...), ' ')
	b = f.appendBody(b, t)
	if b[len(b)-1] == '\n' {
		return b
	}
	return append(b, '\n')
}

func (f *txnZkCli) appendBody(b []byte, t *loggedTxn) []byte {
	switch t.Header.Type {
	case jute.OpCreateSession:
		return strconv.AppendInt(b, int64(t.Timeout), 10)
	case jute.OpCloseSession:
		if t.HasClosed {
			b = f.appendClosed(b, t.Closed)
		}
		return b
	case jute.OpError:
		return strconv.AppendInt(b, int64(t.Err), 10)
	case jute.OpSetACL:
		o := &t.Ops[0]
		b = append(f.appendEscaped(b, o.Path), ",v{"...)
		b = f.appendACL(b, o.ACL, ",", "}")
		return strconv.AppendInt(append(b, "},"...), int64(o.Version), 10)
	}
	for i := range t.Ops {
		o := &t.Ops[i]
		if t.Header.Type == jute.OpMulti {
			if i > 0 {
				b = append(b, ';')
			}
			b = append(append(b, o.Type.String()...), ':')
		}
		b = f.appendOp(b, o)
	}
	return b
}

func (f *txnZkCli) appendOp(b []byte, o *jute.OpView) []byte {
	if o.Type == jute.OpError {
		return strconv.AppendInt(b, int64(o.Err), 10)
	}
	if o.Path == nil {
		b = append(b, "null"...)
	} else {
		b = appendJavaText(b, o.Path)
	}
	switch o.Type {
	case jute.OpDelete, jute.OpDeleteContainer:
		return b
	case jute.OpCheck:
		return strconv.AppendInt(append(b, ','), int64(o.Version), 10)
	}
	b = appendJavaText(append(b, ','), o.Data)
	switch o.Type {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		b = f.appendACLList(append(b, ','), o.ACL)
	}
	if o.Type == jute.OpCreate || o.Type == jute.OpCreate2 {
		b = strconv.AppendBool(append(b, ','), o.Ephemeral)
	}
	b = strconv.AppendInt(append(b, ','), int64(o.Version), 10)
	if o.Type == jute.OpCreateTTL {
		b = strconv.AppendInt(append(b, ','), o.TTL, 10)
	}
	return b
}

// appendACLList appends an ACL as a list of Java: its entries end in a new line.
func (f *txnZkCli) appendACLList(b, acl []byte) []byte {
	if string(acl) == openACL {
		return append(b, "[31,s{'world,'anyone}\n]"...)
	}
	if len(acl) < 4 || int32(binary.BigEndian.Uint32(acl)) == -1 {
		return append(b, "null"...)
	}
	return append(f.appendACL(append(b, '['), acl, ", ", "\n"), ']')
}

// appendACL appends the entries of an encoded ACL with what is between them and
// behind each; in the record that a "}" closes, each is opened by "s{".
func (f *txnZkCli) appendACL(b, acl []byte, between, behind string) []byte {
	d := jute.NewDecoder(acl)
	n, _ := d.Count(12)
	for i := range n {
		if i > 0 {
			b = append(b, between...)
		}
		if behind == "}" {
			b = append(b, "s{"...)
		}
		b = strconv.AppendInt(b, int64(d.Int()), 10)
		b = f.appendEscaped(append(b, ",s{"...), d.Buffer())
		b = f.appendEscaped(append(b, ','), d.Buffer())
		b = append(append(b, '}'), behind...)
	}
	return b
}

func (f *txnZkCli) appendClosed(b []byte, paths [][]byte) []byte {
	b = append(b, "v{"...)
	for i, p := range paths {
		if i > 0 {
			b = append(b, ',')
		}
		b = f.appendEscaped(b, p)
	}
	return append(b, '}')
}

// appendToolkitEnd appends what Apache's tool writes where a log ends, after err
// if that is not nil. It takes more for an end than we do, and prints a transaction
// before it looks for the byte behind it.
func (s *txnScanner) appendToolkitEnd(b []byte, err error) []byte {
	end := fmt.Appendf(nil, "EOF reached after %d txns.\n", s.count)
	if err == nil {
		return append(b, end...)
	}
	f, err := os.Open(s.file)
	if err != nil {
		return b
	}
	defer f.Close()
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) != "ZKLG" {
		return b // packed, which Apache's tool does not read
	}
	var prefix [12]byte // checksum and length
	if _, err := f.ReadAt(prefix[:], s.whole); err != nil {
		return append(b, end...)
	}
	sum, n := binary.BigEndian.Uint64(prefix[:]), int32(binary.BigEndian.Uint32(prefix[8:]))
	if n < 0 || n > toolkitMax {
		return b
	}
	raw := make([]byte, n)
	if _, err := f.ReadAt(raw, s.whole+int64(len(prefix))); err != nil || n == 0 {
		return append(b, end...)
	}
	t := loggedTxn{}
	if uint64(adler32.Checksum(raw)) != sum {
		t.damage = "checksum"
	}
	if t.decode(raw); s.filter.match(&t.TxnView) {
		b = (&txnZkCli{}).append(b, &t)
	}
	return b
}

// toolkitMax is the longest transaction that Apache's tool reads by itself: twice
// jute.maxbuffer.
const toolkitMax = 2 * 0xfffff

// appendEscaped appends a string as the records' toString does: behind an
// apostrophe, and some characters as %NN. Null is nothing at all.
func (f *txnZkCli) appendEscaped(b, text []byte) []byte {
	if text == nil {
		return b
	}
	f.scratch = appendJavaText(f.scratch[:0], text)
	b = append(b, '\'')
	for _, c := range f.scratch {
		switch c {
		case 0, '\n', '\r', ',', '}', '%':
			b = append(b, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendJavaText appends text as a Java program prints it in UTF-8: what is not
// UTF-8 becomes U+FFFD, one for as much as could begin a character. A surrogate,
// which other decoders take for three faults, is one.
func appendJavaText(b, text []byte) []byte {
	if utf8.Valid(text) {
		return append(b, text...)
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			b, n = append(b, "\uFFFD"...), malformed(text)
		} else {
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return b
}

// malformed is the number of bytes that one U+FFFD stands for at the start of text,
// which is no character: those that a character could begin with, at least one.
func malformed(text []byte) int {
	low, high, want := byte(0x80), byte(0xbf), 0 // of the second byte; how many follow the first
	switch c := text[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 1
	case c >= 0xe0 && c <= 0xef:
		want = 2
		if c == 0xe0 {
			low = 0xa0
		}
	case c >= 0xf0 && c <= 0xf4:
		want = 3
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n <= want && n < len(text) && low <= text[n] && text[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}
