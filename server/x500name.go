package server

import (
	"encoding/asn1"
	encodinghex "encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file is Java's X500Principal: names of certificates as ACLs hold them.

// attribute is a type and a value of a distinguished name.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// attributeSET is a relative distinguished name; encoding/asn1 knows sets by the
// end of their type's name.
type attributeSET []attribute

// keywords2253 are the attribute types that RFC 2253 has names for.
var keywords2253 = map[string]string{
	"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O",
	"2.5.4.11": "OU", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

// nameOf2253 writes the DER of a distinguished name as X500Principal.getName() does:
// RFC 2253, the last part first.
func nameOf2253(der []byte) (string, error) {
	var name []attributeSET
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return "", errors.New("the subject of the certificate is no distinguished name")
	}
	parts := make([]string, 0, len(name))
	for _, rdn := range slices.Backward(name) {
		var attributes []string
		for _, a := range rdn {
			attributes = append(attributes, a.text2253())
		}
		parts = append(parts, strings.Join(attributes, "+"))
	}
	return strings.Join(parts, ","), nil
}

func (a *attribute) text2253() string {
	keyword := keywords2253[a.Type.String()]
	if keyword == "" || !isText(&a.Value) {
		if keyword == "" {
			keyword = a.Type.String()
		}
		return keyword + "=#" + encodinghex.EncodeToString(a.Value.FullBytes)
	}
	return keyword + "=" + escape2253(string([]rune(string(a.Value.Bytes))))
}

// isText reports whether a value is of a type that is written as it reads. Java takes
// the bytes of all of them for UTF-8.
func isText(v *asn1.RawValue) bool {
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagT61String, asn1.TagIA5String, asn1.TagGeneralString,
		asn1.TagBMPString:
		return v.Class == asn1.ClassUniversal
	}
	return false
}

func escape2253(s string) string {
	var b strings.Builder
	isBlank := func(c rune) bool { return c == ' ' || c == '\r' }
	lead := strings.IndexFunc(s, func(c rune) bool { return !isBlank(c) })
	trail := strings.LastIndexFunc(s, func(c rune) bool { return !isBlank(c) })
	for i, c := range s {
		switch {
		case c == 0:
			b.WriteString(`\00`)
			continue
		case strings.ContainsRune(`,=+<>#;"\`, c), isBlank(c) && (lead == -1 || i < lead || i > trail):
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// keywords are the attribute types that Java reads, in any case.
var keywords = strings.Fields("CN C L S ST O OU T IP STREET DC DNQUALIFIER DNQ SURNAME GIVENNAME INITIALS " +
	"GENERATION EMAIL EMAILADDRESS UID SERIALNUMBER")

// isX500Name reports whether Java's X500Principal takes s.
func isX500Name(s string) bool {
	if s == "" {
		return true
	}
	for rdn := range splitUnescaped(s, ",;") {
		if rdn == "" {
			return false
		}
		for a := range splitUnescaped(rdn, "+") {
			if !isAttribute(a) {
				return false
			}
		}
	}
	return true
}

// splitUnescaped cuts s at separators that are neither within quotes nor behind a
// backslash.
func splitUnescaped(s, separators string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		quoted, start := false, 0
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] == '\\':
				i++
			case s[i] == '"':
				quoted = !quoted
			case !quoted && strings.IndexByte(separators, s[i]) != -1:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}

// isAttribute checks type=value.
func isAttribute(s string) bool {
	keyword, value, ok := strings.Cut(s, "=")
	if !ok || !isAttributeType(strings.ToUpper(strings.TrimFunc(keyword, func(r rune) bool { return r <= ' ' }))) {
		return false
	}
	value = strings.TrimLeft(value, " \n")
	switch {
	case value == "":
		return true
	case value[0] == '#':
		der, err := encodinghex.DecodeString(value[1:])
		return err == nil && isDER(der)
	case value[0] == '"':
		return isQuoted(value[1:])
	}
	return isPlain(value)
}

func isAttributeType(keyword string) bool {
	if slices.Contains(keywords, keyword) {
		return true
	}
	var id asn1.ObjectIdentifier
	for i, digits := range strings.Split(strings.TrimPrefix(keyword, "OID."), ".") {
		if digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 9 {
			return false
		}
		n := 0
		for _, c := range digits {
			n = n*10 + int(c-'0')
		}
		if id = append(id, n); i == 0 && n > 2 || i == 1 && id[0] < 2 && n > 39 {
			return false
		}
	}
	return len(id) >= 2
}

// isDER reports whether b is one whole value.
func isDER(b []byte) bool {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(b, &v)
	return err == nil && len(rest) == 0
}

// isQuoted checks what follows a quote, up to the end.
func isQuoted(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return strings.Trim(s[i+1:], " \n") == ""
		case '\\':
			n := escaped(s[i+1:])
			if n == 0 {
				return false
			}
			i += n
		}
	}
	return false
}

// isPlain checks a value without quotes.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			n := escaped(s[i+1:])
			if n == 0 {
				return false
			}
			i += n
		} else if strings.IndexByte(`,+<>;"`, s[i]) != -1 {
			return false
		}
	}
	return utf8.ValidString(s)
}

// escaped is how many bytes behind a backslash belong to it, 0 for what must not
// stand there.
func escaped(s string) int {
	isHex := func(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) != -1 }
	switch {
	case len(s) >= 2 && isHex(s[0]) && isHex(s[1]):
		return 2
	case s != "" && strings.IndexByte(",=\n+<>#;\\\" ", s[0]) != -1:
		return 1
	}
	return 0
}
