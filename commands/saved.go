package commands

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
)

// savedTree is a tree that lies in files: a snapshot, an export or a data
// directory. It can be read any number of times.
type savedTree interface {
	// read tells v of the tree. What it has told is whole only once it has
	// returned without an error.
	read(ctx context.Context, v savedVisit) (*savedFacts, error)
	Close() error
}

// savedVisit is told of a tree as it is read.
type savedVisit struct {
	// begin is called once, when all is known that does not take reading to the
	// end: Name, Root, Zxid and Sessions. It may be nil.
	begin func(*savedFacts) error
	// znode is called for every znode, parents before their children.
	znode func(*savedZnode) error
	// loose says that it does not matter whether znodes come twice, or without
	// their parents; else that is an error.
	loose bool
}

// savedZnode is a znode of a savedTree. It is valid during the call that it is
// given to, but for the path and the ACL.
type savedZnode struct {
	path string
	data []byte // nil for none
	acl  []jute.ACL
	stat jute.StatPersisted
}

// savedFacts are what is known of a whole tree.
type savedFacts struct {
	Name     string
	Root     string          // "/", but for the export of a part
	Zxid     int64           // the tree holds all transactions up to this one; -1 if nothing says it
	LastZxid int64           // and none that is later than this one
	Sessions map[int64]int32 // timeouts in milliseconds

	Znodes     int64
	Ephemerals int64
	NoACL      int64            // znodes whose ACL the snapshot does not say: they are nobody's
	Digest     *snapshot.Digest // as the snapshot says; nil if it does not
	TreeDigest uint64           // as the znodes have it

	compression snapshot.Compression
}

// nobody is the ACL of a znode whose ACL is not known.
var nobody = []jute.ACL{{ID: jute.ID{Scheme: "world", ID: "anyone"}}}

// add counts a znode.
func (f *savedFacts) add(z *savedZnode) {
	f.Znodes++
	f.LastZxid = max(f.LastZxid, z.stat.Czxid, z.stat.Mzxid, z.stat.Pzxid)
	f.TreeDigest += uint64(datatree.NodeDigest(z.path, z.data, &z.stat))
	if kind, _ := datatree.OwnerKind(z.stat.EphemeralOwner); kind == datatree.KindEphemeral {
		f.Ephemerals++
	}
}

// isFuzzy reports whether transactions went on while the snapshot was written: it
// may then hold a part of each.
func (f *savedFacts) isFuzzy() bool { return f.Zxid >= 0 && f.LastZxid > f.Zxid }

// warn tells what a tree lacks to be one that has been.
func (f *savedFacts) warn(e *Env, command string) {
	if f.isFuzzy() {
		fmt.Fprintf(e.Err, "zook: snapshot %s: %s: it was written while transactions 0x%x to 0x%x were applied, and may hold some of them in part; a data directory with the log of them is exact\n",
			command, oneLine(f.Name), f.Zxid, f.LastZxid)
	}
	if f.NoACL > 0 {
		fmt.Fprintf(e.Err, "zook: snapshot %s: %s: it does not say the ACL of %s: nobody may do anything there\n",
			command, oneLine(f.Name), znodes(Style{Terminal: true}, f.NoACL))
	}
}

const savedHelp = `SOURCE is a snapshot (plain, gzip or snappy), what export wrote (gzip too), either of them
on standard input as -, or a data directory: DIR is its newest state, DIR@ZXID and DIR@TIME
are as of then.`

// openSaved opens what a SOURCE names.
func (e *Env) openSaved(ctx context.Context, arg string) (savedTree, error) {
	if arg == "-" {
		if e.In == nil {
			return nil, usagef("- is standard input, and there is none to read here")
		}
		return spool(e.In, "standard input")
	}
	st, err := os.Stat(arg)
	switch {
	case err != nil:
		if dir, at, ok := cutMoment(arg); ok {
			return e.openSavedDir(ctx, dir, at)
		}
		return nil, missingFile(arg, err)
	case st.IsDir():
		return e.openSavedDir(ctx, arg, moment{})
	case st.Mode().IsRegular():
		return openSavedFile(arg, arg)
	}
	f, err := os.Open(arg)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return spool(f, arg)
}

// cutMoment takes DIR@ZXID or DIR@TIME apart.
func cutMoment(arg string) (dir string, at moment, ok bool) {
	i := strings.LastIndexByte(arg, '@')
	if i < 0 || at.Set(arg[i+1:]) != nil {
		return "", at, false
	}
	st, err := os.Stat(arg[:i])
	return arg[:i], at, err == nil && st.IsDir()
}

// openSavedFile tells an export from a snapshot. name is for errors.
func openSavedFile(path, name string) (savedTree, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if isExport(bufio.NewReader(f)) {
		return &savedExport{path, name}, nil
	}
	return &savedSnapshot{path, name}, nil
}

// isExport reports whether what r begins with is JSON, in gzip or not.
func isExport(r *bufio.Reader) bool {
	head, _ := r.Peek(4096)
	if bytes.HasPrefix(head, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return false
		}
		var first [512]byte
		n, _ := io.ReadFull(z, first[:])
		head = first[:n]
	}
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{"))
}

// spooled is a savedTree in a temporary file.
type spooled struct {
	savedTree
	path string
}

func (s *spooled) Close() error { return errors.Join(s.savedTree.Close(), os.Remove(s.path)) }

// spool keeps what can be read only once in a temporary file.
func spool(r io.Reader, name string) (_ savedTree, err error) {
	f, err := os.CreateTemp("", "zook-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	tree, err := openSavedFile(f.Name(), name)
	if err != nil {
		return nil, err
	}
	return &spooled{tree, f.Name()}, nil
}

// missingFile says what a SOURCE could have been, where it is nothing.
func missingFile(arg string, err error) error {
	if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(arg, "/") {
		return &Error{Err: err, Hint: "SOURCE is a file or a directory, not a znode"}
	}
	return err
}

// stopCheck looks at ctx now and then.
type stopCheck struct {
	ctx context.Context
	n   uint
}

func (c *stopCheck) check() error {
	if c.n++; c.n%4096 != 0 {
		return nil
	}
	return c.ctx.Err()
}
