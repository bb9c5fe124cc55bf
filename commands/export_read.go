package commands

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

// maxExportValue is the largest JSON value, in bytes, that is read: of a znode as
// large as no server takes.
const maxExportValue = 64 << 20

// savedExport is an export as a savedTree.
type savedExport struct{ path, name string }

func (x *savedExport) Close() error { return nil }

func (x *savedExport) read(ctx context.Context, v savedVisit) (*savedFacts, error) {
	f, err := os.Open(x.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readExport(ctx, f, x.name, v)
}

// readExport reads an export, in gzip or not. The name is for errors: of what is no
// export, or not a whole one, they are *snapshot.CorruptError.
func readExport(ctx context.Context, src io.Reader, name string, v savedVisit) (*savedFacts, error) {
	in := bufio.NewReaderSize(src, 256<<10)
	var text io.Reader = in
	if head, _ := in.Peek(2); string(head) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, &snapshot.CorruptError{File: name, Reason: fmt.Sprintf("the compressed bytes are damaged: %v", err)}
		}
		text = z
	}
	limited := &limitedReader{r: text}
	r := &exportReader{name: name, in: limited, d: json.NewDecoder(limited), v: v, acls: map[string][]jute.ACL{},
		stop: stopCheck{ctx: ctx}, facts: savedFacts{Name: name, Zxid: -1, Sessions: map[int64]int32{}}}
	r.d.DisallowUnknownFields()
	if err := r.read(); err != nil {
		return nil, err
	}
	return &r.facts, nil
}

// limitedReader gives no more than left says.
type limitedReader struct {
	r    io.Reader
	left int64
}

var errTooLong = fmt.Errorf("a value of more than %d MB", maxExportValue>>20)

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

// exportReader reads an export, a JSON object at a time.
type exportReader struct {
	name  string
	in    *limitedReader
	d     *json.Decoder
	v     savedVisit
	acls  map[string][]jute.ACL // one of each
	order *znodeOrder
	stop  stopCheck

	facts savedFacts
	begun bool
	last  string // path of the last znode
}

// exportLine is any of the objects in an export: what they have in common is no
// more than that no two fields of one name mean something else.
type exportLine struct {
	Format  *string `json:"format"`
	Version int32   `json:"version"` // of the format, or of the znode's data
	Root    string  `json:"root"`
	Zxid    *string `json:"zxid"`

	Session *string `json:"session"`
	Timeout int32   `json:"timeout"`

	Path       *string      `json:"path"`
	Kind       string       `json:"kind"`
	Owner      *string      `json:"ephemeralOwner"`
	TTL        *int64       `json:"ttl"`
	Data       *string      `json:"data"`
	DataBase64 *[]byte      `json:"dataBase64"`
	ACL        []exportACL  `json:"acl"`
	Czxid      string       `json:"czxid"`
	Mzxid      string       `json:"mzxid"`
	Pzxid      string       `json:"pzxid"`
	Ctime      exportMillis `json:"ctime"`
	Mtime      exportMillis `json:"mtime"`
	Cversion   int32        `json:"cversion"`
	Aversion   int32        `json:"aversion"`

	Complete      bool    `json:"complete"`
	Znodes        *int64  `json:"znodes"`
	LastZxid      *string `json:"lastZxid"`
	DigestVersion int32   `json:"digestVersion"`
	Digest        *string `json:"digest"`
}

// read reads to the end, and wants nothing behind it.
func (r *exportReader) read() error {
	for first := true; ; first = false {
		line, err := r.next()
		switch {
		case err == io.EOF && first:
			return r.corrupt("the file is empty")
		case err == io.EOF:
			return r.corrupt("the end is missing: it is a part of an export")
		case err != nil:
			return err
		case first:
			err = r.header(line)
		case line.Complete:
			if err = r.end(line); err == nil {
				return r.nothingMore()
			}
		case line.Path != nil:
			err = r.znode(line)
		case line.Session != nil:
			err = r.session(line)
		default:
			err = r.corrupt("an object that is neither a session, nor a znode, nor the end")
		}
		if err != nil {
			return err
		}
		if err := r.stop.check(); err != nil {
			return err
		}
	}
}

// next reads an object: io.EOF if there is none.
func (r *exportReader) next() (*exportLine, error) {
	r.in.left = maxExportValue
	var line exportLine
	err := r.d.Decode(&line)
	if err == nil || err == io.EOF {
		return &line, err
	}
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	var file *os.PathError
	switch {
	case errors.As(err, &file):
		return nil, fmt.Errorf("%s: reading behind offset %d: %w", r.name, r.d.InputOffset(), file.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, r.corrupt("the file ends inside of a value")
	case errors.As(err, &syntax):
		return nil, r.corrupt("not JSON at offset %d: %v", syntax.Offset, err)
	case errors.As(err, &wrong) && wrong.Field == "":
		return nil, r.corrupt("%s, not an object", article(wrong.Value))
	case errors.As(err, &wrong):
		return nil, r.corrupt("%q is %s, which it cannot be", wrong.Field, article(wrong.Value))
	}
	return nil, r.corrupt("%s", strings.TrimPrefix(err.Error(), "json: "))
}

// article is such as "a number" or "an array".
func article(kind string) string {
	if strings.HasPrefix(kind, "a") || strings.HasPrefix(kind, "o") {
		return "an " + kind
	}
	return "a " + kind
}

func (r *exportReader) corrupt(format string, args ...any) error {
	return &snapshot.CorruptError{File: r.name, Offset: r.d.InputOffset(), Path: r.last, Reason: fmt.Sprintf(format, args...)}
}

func (r *exportReader) header(line *exportLine) error {
	switch {
	case line.Format == nil || *line.Format != exportFormat:
		return r.corrupt(`not an export: it does not begin with {"format":%q,…}`, exportFormat)
	case line.Version != exportVersion:
		return &Error{Err: fmt.Errorf("%s: an export of version %d, only %d is known", r.name, line.Version, exportVersion), Hint: "a newer zook reads it"}
	}
	if r.facts.Root = line.Root; line.Root == "" {
		r.facts.Root = "/"
	}
	if err := jute.CheckPath(r.facts.Root, false); err != nil {
		return r.corrupt("root: %v", err)
	}
	r.order = newZnodeOrder(r.facts.Root)
	return r.zxid("zxid", line.Zxid, &r.facts.Zxid)
}

// zxid parses a zxid, if there is one.
func (r *exportReader) zxid(field string, s *string, into *int64) error {
	if s == nil {
		return nil
	}
	v, err := parseZxid(*s)
	if err != nil {
		return r.corrupt("%s: %v", field, err)
	}
	*into = v
	return nil
}

func (r *exportReader) session(line *exportLine) error {
	var id int64
	if err := r.zxid("session", line.Session, &id); err != nil {
		return err
	}
	if r.begun {
		return r.corrupt("session 0x%x comes behind znodes", uint64(id))
	}
	if _, twice := r.facts.Sessions[id]; twice {
		return r.corrupt("session 0x%x is there twice", uint64(id))
	}
	r.facts.Sessions[id] = line.Timeout
	return nil
}

// begin tells that the znodes begin.
func (r *exportReader) begin() error {
	if r.begun {
		return nil
	}
	r.begun = true
	r.facts.LastZxid = max(r.facts.LastZxid, r.facts.Zxid)
	if r.v.begin == nil {
		return nil
	}
	return r.v.begin(&r.facts)
}

func (r *exportReader) end(line *exportLine) error {
	if err := r.begin(); err != nil {
		return err
	}
	var last int64
	if err := r.zxid("lastZxid", line.LastZxid, &last); err != nil {
		return err
	}
	r.facts.LastZxid = max(r.facts.LastZxid, last)
	if line.Znodes != nil && *line.Znodes != r.facts.Znodes {
		return r.corrupt("%d znodes are there, and the end says %d (who has changed them takes znodes and digest out of the end)", r.facts.Znodes, *line.Znodes)
	}
	digest := int64(r.facts.TreeDigest)
	if err := r.zxid("digest", line.Digest, &digest); err != nil {
		return err
	}
	if line.DigestVersion == datatree.DigestVersion && uint64(digest) != r.facts.TreeDigest {
		return r.corrupt("the znodes are not those that were exported, says the digest at the end (who has changed them takes it out)")
	}
	return nil
}

func (r *exportReader) nothingMore() error {
	r.in.left = maxExportValue
	if _, err := r.d.Token(); err != io.EOF {
		return r.corrupt("something follows the end")
	}
	return nil
}
