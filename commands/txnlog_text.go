package commands

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"zook/jute"
)

// txnText writes a line for eyes:
//
//	TIME ZXID SESSION CXID TYPE [PATH] [NAME=VALUE...]
type txnText struct {
	style Style
	data  dataMode
	clock *clock
}

func newTxnText(s Style, data dataMode) *txnText {
	return &txnText{style: s, data: data, clock: newClock()}
}

func (f *txnText) append(b []byte, t *loggedTxn) []byte {
	h := &t.Header
	b = append(f.clock.appendTime(b, h.Time), ' ')
	b = append(appendHex(b, h.Zxid), ' ')
	b = append(appendHex(b, h.ClientID), ' ')
	b = append(appendHex(b, int64(uint32(h.Cxid))), ' ')
	b = append(b, h.Type.String()...)
	b = f.appendBody(b, t)
	if t.damage != "" {
		b = append(append(b, ' '), f.style.Paint("DAMAGED: "+t.damage, red)...)
	}
	return append(b, '\n')
}

func (f *txnText) appendBody(b []byte, t *loggedTxn) []byte {
	if t.undecoded {
		return b
	}
	switch t.Header.Type {
	case jute.OpCreateSession:
		b = append(b, " timeout="...)
		b = appendMillis(b, int64(t.Timeout))
	case jute.OpCloseSession:
		for i, path := range t.Closed {
			if i == 0 {
				b = append(b, " deletes"...)
			}
			b = appendWord(append(b, ' '), path)
		}
	case jute.OpError:
		b = appendErr(b, t.Err)
	case jute.OpMulti:
		if t.Failed() {
			b = append(append(b, ' '), f.style.Paint("refused", yellow)...)
		}
		for i := range t.Ops {
			b = append(b, map[bool]string{true: ": ", false: "; "}[i == 0]...)
			b = append(b, t.Ops[i].Type.String()...)
			b = f.appendOp(b, &t.Ops[i])
		}
	default:
		if len(t.Ops) > 0 {
			b = f.appendOp(b, &t.Ops[0])
		}
	}
	return b
}

// appendOp appends what there is of an operation behind its type.
func (f *txnText) appendOp(b []byte, o *jute.OpView) []byte {
	if o.Type == jute.OpError {
		return appendErr(b, o.Err)
	}
	return f.appendDetails(appendWord(append(b, ' '), o.Path), o)
}

// appendDetails appends what there is of an operation behind its path.
func (f *txnText) appendDetails(b []byte, o *jute.OpView) []byte {
	hasData, hasVersion := true, false
	switch o.Type {
	case jute.OpSetData, jute.OpReconfig:
		hasVersion = true
	case jute.OpSetACL, jute.OpCheck:
		hasData, hasVersion = false, true
	case jute.OpDelete, jute.OpDeleteContainer:
		hasData = false
	}
	if hasData {
		b = strconv.AppendInt(append(b, " size="...), int64(len(o.Data)), 10)
	}
	if o.Ephemeral {
		b = append(b, " ephemeral"...)
	}
	if o.Type == jute.OpCreateTTL {
		b = appendMillis(append(b, " ttl="...), o.TTL)
	}
	if hasVersion {
		b = strconv.AppendInt(append(b, " version="...), int64(o.Version), 10)
	}
	if o.ACL != nil && string(o.ACL) != openACL {
		b = appendACLText(append(b, " acl="...), o.ACL)
	}
	if hasData {
		b = f.data.appendText(b, o.Data)
	}
	return b
}

// appendText appends data to a line, if it is to be shown there.
func (d dataMode) appendText(b, data []byte) []byte {
	if d == "" || d == dataNone {
		return b
	}
	b = append(b, " data="...)
	switch {
	case data == nil:
		return append(b, "null"...)
	case d == dataHex:
		return hex.AppendEncode(b, data)
	case d == dataBase64:
		return base64.StdEncoding.AppendEncode(b, data)
	}
	return appendQuoted(b, data)
}

// openACL is the encoding of jute.OpenACL, which goes without saying.
const openACL = "\x00\x00\x00\x01\x00\x00\x00\x1f\x00\x00\x00\x05world\x00\x00\x00\x06anyone"

// appendACLText appends an encoded ACL as setAcl takes it.
func appendACLText(b, acl []byte) []byte {
	for i, a := range (&jute.OpView{ACL: acl}).ACLs() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendWord(b, []byte(a.String()))
	}
	return b
}

func appendErr(b []byte, code jute.ErrCode) []byte {
	b = strconv.AppendInt(append(b, ' '), int64(code), 10)
	return append(append(append(b, " ("...), code.Error()...), ')')
}

// appendMillis appends so many milliseconds as a duration.
func appendMillis(b []byte, ms int64) []byte {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	if ms > most || ms < -most {
		return append(strconv.AppendInt(b, ms, 10), "ms"...)
	}
	return append(b, (time.Duration(ms) * time.Millisecond).String()...)
}

// appendWord appends text as it is if it can be nothing but one word on a
// terminal, else in quotes; null if it is nil.
func appendWord(b, text []byte) []byte {
	if text == nil {
		return append(b, "null"...)
	}
	if len(text) > 0 && isWord(text) {
		return append(b, text...)
	}
	return appendQuoted(b, text)
}

func isWord(text []byte) bool {
	for i, c := range text {
		if c >= utf8.RuneSelf {
			return isUnicodeWord(text[i:])
		}
		if c <= ' ' || c == '"' || c == ';' || c == 0x7f {
			return false
		}
	}
	return true
}

func isUnicodeWord(text []byte) bool {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || r == ' ' || r == '"' || r == ';' || !strconv.IsPrint(r) {
			return false
		}
		i += n
	}
	return true
}

// appendQuoted appends text in quotes, as Go writes strings: with escapes for what
// is not UTF-8 and what could steer a terminal.
func appendQuoted(b, text []byte) []byte {
	b = append(b, '"')
	plain := 0 // text[plain:i] is to be copied
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r > 0x7f && strconv.IsPrint(r) && (r != utf8.RuneError || n > 1) {
			i += n
			continue
		}
		b = append(b, text[plain:i]...)
		if r == utf8.RuneError && n == 1 {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		} else {
			q := strconv.AppendQuoteRune(b, r)
			b = append(b, q[len(b)+1:len(q)-1]...) // without its quotes
			if r == '"' {
				b[len(b)-1] = '\\'
				b = append(b, '"')
			}
		}
		i += n
		plain = i
	}
	return append(append(b, text[plain:]...), '"')
}

const hexDigits = "0123456789abcdef"
