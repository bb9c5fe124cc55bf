package fourletter

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Dirs is the reply to dirs: bytes of all snapshots and of all logs.
type Dirs struct{ DataDirSize, LogDirSize int64 }

// ParseDirs parses a reply to dirs.
func ParseDirs(reply string) (*Dirs, error) {
	d := &Dirs{}
	n := 0
	err := lines("dirs", reply, func(line string) string {
		name, value, _ := strings.Cut(line, ": ")
		size, err := strconv.ParseInt(value, 10, 64)
		switch {
		case name == "datadir_size" && err == nil:
			d.DataDirSize = size
		case name == "logdir_size" && err == nil:
			d.LogDirSize = size
		default:
			return "datadir_size: or logdir_size: and a number are wanted"
		}
		n++
		return ""
	})
	return d, some("dirs", reply, n, err)
}

// Text is the reply as a server writes it.
func (d *Dirs) Text() string {
	return fmt.Sprintf("datadir_size: %d\nlogdir_size: %d\n", d.DataDirSize, d.LogDirSize)
}

// Digest is a line of the reply to hash: the digest of the tree at a zxid.
type Digest struct{ Zxid, Digest int64 }

// ParseHash parses a reply to hash, oldest digest first; there may be none.
func ParseHash(reply string) ([]Digest, error) {
	var digests []Digest
	err := lines("hash", reply, func(line string) string {
		zxid, digest, _ := strings.Cut(line, ": ")
		z, err := parseHex(zxid)
		d, err2 := strconv.ParseInt(digest, 10, 64)
		if err != nil || err2 != nil {
			return "a zxid, a colon and a digest are wanted"
		}
		digests = append(digests, Digest{z, d})
		return ""
	})
	return digests, err
}

// HashText is a reply to hash as a server writes it.
func HashText(digests []Digest) string {
	var b strings.Builder
	for _, d := range digests {
		fmt.Fprintf(&b, "%x: %d\n", uint64(d.Zxid), d.Digest)
	}
	return b.String()
}

// Wchs is the reply to wchs: how many watches there are.
type Wchs struct{ Connections, Paths, Watches int }

// ParseWchs parses a reply to wchs.
func ParseWchs(reply string) (*Wchs, error) {
	w := &Wchs{}
	n := 0
	err := lines("wchs", reply, func(line string) string {
		words := strings.Fields(line)
		total, isTotal := strings.CutPrefix(line, "Total watches:")
		var err, err2 error
		switch {
		case isTotal:
			w.Watches, err = strconv.Atoi(strings.TrimSpace(total))
		case len(words) == 5 && words[1] == "connections" && words[2] == "watching" && words[4] == "paths":
			w.Connections, err = strconv.Atoi(words[0])
			w.Paths, err2 = strconv.Atoi(words[3])
		default:
			return "numbers of connections, paths and watches are wanted"
		}
		if err != nil || err2 != nil {
			return "not a number"
		}
		n++
		return ""
	})
	return w, some("wchs", reply, n, err)
}

// Text is the reply as a server writes it.
func (w *Wchs) Text() string {
	return fmt.Sprintf("%d connections watching %d paths\nTotal watches:%d\n", w.Connections, w.Paths, w.Watches)
}

// ParseRuok parses a reply to ruok.
func ParseRuok(reply string) error { return want("ruok", reply, "imok") }

// ParseSrst parses a reply to srst, which resets the statistics of the server.
func ParseSrst(reply string) error { return want("srst", reply, "Server stats reset.") }

// ParseCrst parses a reply to crst, which resets the statistics of connections.
func ParseCrst(reply string) error { return want("crst", reply, "Connection stats reset.") }

func want(word, reply, text string) error {
	if err := Refusal(reply); err != nil {
		return err
	}
	if strings.TrimSpace(reply) != text {
		return &ParseError{Word: word, Text: reply, Reason: fmt.Sprintf("%q is wanted", text)}
	}
	return nil
}

// ParseIsro parses a reply to isro: whether the server takes reads only.
func ParseIsro(reply string) (readOnly bool, err error) {
	switch strings.TrimSpace(reply) {
	case "rw":
		return false, nil
	case "ro":
		return true, nil
	case "null":
		return false, ErrNotServing
	}
	if err := Refusal(reply); err != nil {
		return false, err
	}
	return false, &ParseError{Word: "isro", Text: reply, Reason: "rw, ro or null is wanted"}
}

// ParseMask parses a reply to gtmk or stmk: the trace mask.
func ParseMask(reply string) (int64, error) {
	if err := Refusal(reply); err != nil {
		return 0, err
	}
	v, err := strconv.ParseInt(strings.TrimSpace(reply), 10, 64)
	if err != nil {
		return 0, &ParseError{Word: "gtmk", Text: reply, Reason: "a number is wanted"}
	}
	return v, nil
}

// parseHex parses a zxid or a session id as Java's Long.toHexString writes it,
// with or without 0x.
func parseHex(s string) (int64, error) {
	u, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	return int64(u), err
}

// parseDouble parses what Java writes of a double, but for what is no number.
func parseDouble(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = strconv.ErrSyntax
	}
	return v, err
}
