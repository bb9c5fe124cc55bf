package commands

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"unicode/utf8"

	"zook/jute"
)

// txnJSON writes an object a line, with every field that the log has:
//
//	time, zxid, epoch, session, cxid, type: of every transaction
//	timeout: milliseconds, of createSession
//	closed: paths, of closeSession since 3.6
//	refused: true of an error, and of a multi that changed nothing
//	err, error: code and meaning, of an error
//	ops: of a multi; of any other transaction the fields of its operation:
//	path; data or dataBase64, dataLength; acl; ephemeral, ttl (milliseconds),
//	parentCversion of creates; version of setData, setACL, reconfig and check
//	digest: version and value, since 3.6
//	file, offset, size: of the transaction there
//	damaged: why it cannot be trusted
type txnJSON struct {
	data  dataMode
	clock *clock
}

func newTxnJSON(data dataMode) *txnJSON {
	return &txnJSON{data: data, clock: newClock()}
}

func (f *txnJSON) append(b []byte, t *loggedTxn) []byte {
	h := &t.Header
	b = append(f.clock.appendTime(append(b, `{"time":"`...), h.Time), '"')
	b = append(appendHex(append(b, `,"zxid":"`...), h.Zxid), '"')
	b = appendIntField(b, "epoch", h.Zxid>>32)
	b = append(appendHex(append(b, `,"session":"`...), h.ClientID), '"')
	b = appendIntField(b, "cxid", int64(h.Cxid))
	b = append(append(append(b, `,"type":"`...), h.Type.String()...), '"')
	b = f.appendBody(b, t)
	if t.HasDigest {
		b = appendIntField(append(b, `,"digest":{`...), "version", int64(t.Digest.Version))
		b = append(appendHex(append(b, `,"value":"`...), t.Digest.TreeDigest), `"}`...)
	}
	b = appendJSONString(append(b, `,"file":`...), []byte(t.file))
	b = appendIntField(b, "offset", t.offset)
	b = appendIntField(b, "size", int64(t.size))
	if t.damage != "" {
		b = appendJSONString(append(b, `,"damaged":`...), []byte(t.damage))
	}
	return append(b, "}\n"...)
}

func (f *txnJSON) appendBody(b []byte, t *loggedTxn) []byte {
	if t.undecoded {
		return b
	}
	switch t.Header.Type {
	case jute.OpCreateSession:
		b = appendIntField(b, "timeout", int64(t.Timeout))
	case jute.OpCloseSession:
		if !t.HasClosed {
			return b
		}
		b = append(b, `,"closed":[`...)
		for i, path := range t.Closed {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSONString(b, path)
		}
		b = append(b, ']')
	case jute.OpError:
		b = appendErrFields(append(b, `,"refused":true`...), t.Err)
	case jute.OpMulti:
		if t.Failed() {
			b = append(b, `,"refused":true`...)
		}
		b = append(b, `,"ops":[`...)
		for i := range t.Ops {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, `{"type":"`...), t.Ops[i].Type.String()...), '"')
			b = append(f.appendOp(b, &t.Ops[i]), '}')
		}
		b = append(b, ']')
	default:
		if len(t.Ops) > 0 {
			b = f.appendOp(b, &t.Ops[0])
		}
	}
	return b
}

func (f *txnJSON) appendOp(b []byte, o *jute.OpView) []byte {
	if o.Type == jute.OpError {
		return appendErrFields(b, o.Err)
	}
	b = appendJSONString(append(b, `,"path":`...), o.Path)
	if !utf8.Valid(o.Path) {
		b = appendBase64(append(b, `,"pathBase64":`...), o.Path)
	}
	switch o.Type {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		b = appendACLFields(f.appendData(b, o.Data), o.ACL)
		if o.Type == jute.OpCreate || o.Type == jute.OpCreate2 {
			b = strconv.AppendBool(append(b, `,"ephemeral":`...), o.Ephemeral)
		}
		if o.Type == jute.OpCreateTTL {
			b = appendIntField(b, "ttl", o.TTL)
		}
		b = appendIntField(b, "parentCversion", int64(o.Version))
	case jute.OpSetData, jute.OpReconfig:
		b = appendIntField(f.appendData(b, o.Data), "version", int64(o.Version))
	case jute.OpSetACL:
		b = appendIntField(appendACLFields(b, o.ACL), "version", int64(o.Version))
	case jute.OpCheck:
		b = appendIntField(b, "version", int64(o.Version))
	}
	return b
}

func (f *txnJSON) appendData(b, data []byte) []byte {
	return appendIntField(f.data.appendJSON(b, data), "dataLength", int64(len(data)))
}

// appendJSON appends data as get does: a string if it is UTF-8, else base64.
func (d dataMode) appendJSON(b, data []byte) []byte {
	switch {
	case d == dataNone:
		return b
	case data == nil:
		return append(b, `,"data":null`...)
	case d == dataHex:
		return append(hex.AppendEncode(append(b, `,"dataHex":"`...), data), '"')
	case d == dataBase64:
		return appendBase64(append(b, `,"dataBase64":`...), data)
	case utf8.Valid(data):
		return appendJSONString(append(b, `,"data":`...), data)
	}
	return appendBase64(append(b, `,"data":null,"dataBase64":`...), data)
}

// appendACLFields appends an encoded ACL in the form of getAcl; null is null.
func appendACLFields(b, acl []byte) []byte {
	if string(acl) == openACL {
		return append(b, `,"acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}]`...)
	}
	entries := (&jute.OpView{ACL: acl}).ACLs()
	if entries == nil {
		return append(b, `,"acl":null`...)
	}
	b = append(b, `,"acl":[`...)
	for i, a := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(append(b, `{"scheme":`...), []byte(a.ID.Scheme))
		b = appendJSONString(append(b, `,"id":`...), []byte(a.ID.ID))
		b = append(append(append(b, `,"perms":"`...), a.Perms.String()...), `"}`...)
	}
	return append(b, ']')
}

func appendErrFields(b []byte, code jute.ErrCode) []byte {
	return append(append(append(appendIntField(b, "err", int64(code)), `,"error":"`...), code.Error()...), '"')
}

// appendIntField appends a field, behind a comma if it is not the first.
func appendIntField(b []byte, name string, v int64) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return strconv.AppendInt(append(append(append(b, '"'), name...), `":`...), v, 10)
}

func appendBase64(b, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), data), '"')
}

// appendJSONString appends text as encoding/json does, < and > as they are; nil is
// null.
func appendJSONString(b, text []byte) []byte {
	if text == nil {
		return append(b, "null"...)
	}
	b = append(b, '"')
	plain := 0 // text[plain:i] is to be copied
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if c >= utf8.RuneSelf && r != '\u2028' && r != '\u2029' && (r != utf8.RuneError || n > 1) {
			i += n
			continue
		}
		b = append(b, text[plain:i]...)
		switch {
		case r == utf8.RuneError:
			b = append(b, `\ufffd`...)
		case c >= utf8.RuneSelf:
			b = append(append(b, `\u202`...), hexDigits[r&15])
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case shortEscape(c) != 0:
			b = append(b, '\\', shortEscape(c))
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i += n
		plain = i
	}
	return append(append(b, text[plain:]...), '"')
}

// shortEscape is the letter behind the backslash for a control character, or 0.
func shortEscape(c byte) byte {
	switch c {
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}
