package commands

import (
	"cmp"
	"unicode/utf8"
)

// javaHashLong is Long.hashCode.
func javaHashLong(v int64) int32 { return int32(v ^ int64(uint64(v)>>32)) }

// javaHash is String.hashCode of a string in valid UTF-8: over its UTF-16.
func javaHash(s []byte) (h int32) {
	for i, c := range s {
		if c >= utf8.RuneSelf {
			return javaHashWide(h, s[i:])
		}
		h = 31*h + int32(c)
	}
	return h
}

func javaHashWide(h int32, s []byte) int32 {
	for _, r := range string(s) {
		if r >= 0x10000 {
			r -= 0x10000
			h, r = 31*h+(0xd800+r>>10), 0xdc00+r&0x3ff
		}
		h = 31*h + r
	}
	return h
}

// javaCompare is String.compareTo of strings in valid UTF-8: by UTF-16, in which
// what is beyond the 16 bits, and has surrogates, comes before U+E000 to U+FFFF.
func javaCompare(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if a[i] >= 0xee && b[i] >= 0xee && (a[i] >= 0xf0) != (b[i] >= 0xf0) {
			return cmp.Compare(b[i], a[i])
		}
		return cmp.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}

// javaText is text as Java decodes it: text itself if it is UTF-8.
func javaText(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	return appendJavaText(nil, text)
}
