package commands

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"zook/jute"
)

// maxPacket is the largest request, in bytes, that a server takes unless its
// jute.maxbuffer says otherwise (BinaryInputArchive). A larger one makes it close
// the connection without a word.
const maxPacket = 0xfffff

const dataHelp = `DATA is the text itself, @FILE for the content of a file, or - for standard input.
@@ stands for an @ at the start.`

// readData returns the data that an argument stands for.
func (e *Env) readData(arg string) ([]byte, error) {
	switch {
	case arg == "-":
		if e.In == nil {
			return nil, usagef("- is standard input, and there is none to read here")
		}
		return e.readAll(e.In)
	case strings.HasPrefix(arg, "@@"):
		return []byte(arg[1:]), nil
	case strings.HasPrefix(arg, "@"):
		f, err := os.Open(arg[1:])
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return e.readAll(f)
	}
	return []byte(arg), nil
}

// readAll reads no more than could be sent and still be told to be too much.
func (e *Env) readAll(r io.Reader) ([]byte, error) {
	if !e.Force {
		r = io.LimitReader(r, maxPacket+1)
	}
	b, err := io.ReadAll(r)
	if b == nil {
		b = []byte{}
	}
	return b, err
}

// checkSize refuses a request with so much data that a server would not answer
// it. request is without the data.
func (e *Env) checkSize(request jute.Record, data []byte) error {
	const header = 8 // xid and op code
	if size := header + len(request.Append(nil)) + len(data); size > maxPacket && !e.Force {
		what := fmt.Sprintf("%d bytes of data are", len(data))
		if len(data) > maxPacket {
			what = "the data is"
		}
		return &Error{
			Err:  errors.New(what + " more than the 1 MB that servers take"),
			Hint: "--force sends it, for a server with a larger jute.maxbuffer",
		}
	}
	return nil
}
