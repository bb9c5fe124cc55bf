package commands

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// offline is the znodes of a data directory at one moment, as a super user of a server
// would see them. It cannot be changed.
type offline struct {
	*datadir.State
}

// filesError is a tree that could not be made of files, whatever it was for.
type filesError struct{ error }

func (e *filesError) Unwrap() error { return e.error }

// Offline reports whether znodes are read from files, not from a server.
func (e *Env) Offline() bool { return e.Files.Dir != "" }

// offline is the tree of the files. It is made once; an error stays, too.
func (e *Env) offline(ctx context.Context) (*offline, error) {
	e.dialing.Lock()
	defer e.dialing.Unlock()
	if e.files == nil && e.filesErr == nil {
		tree, err := e.readFiles(ctx, e.Files.At)
		if ctx.Err() != nil {
			return nil, err // this one gave up, the next may not
		}
		e.files, e.filesErr = tree, err
	}
	return e.files, e.filesErr
}

// Standing says where the tree of the files stands, for a prompt: the name of the data
// directory, and the moment that was asked for if it is a time, else the last zxid.
func (e *Env) Standing() (dir, at string) {
	e.dialing.Lock()
	defer e.dialing.Unlock()
	path, err := filepath.Abs(e.Files.Dir)
	if err != nil {
		path = e.Files.Dir
	}
	dir = filepath.Base(path)
	if dir == "version-2" {
		dir = filepath.Base(filepath.Dir(path))
	}
	switch {
	case !e.Files.At.time.IsZero():
		at = e.Files.At.String()
	case e.files != nil:
		at = Hex(e.files.Tree.LastZxid()).String()
	}
	return dir, at
}

// readFiles makes the tree of the files as of a moment.
func (e *Env) readFiles(ctx context.Context, at moment) (*offline, error) {
	dir, err := e.dataDir()
	if err != nil {
		return nil, &filesError{err}
	}
	shown := e.progress("read")
	defer shown.Finish()
	// Next to nothing of what is read is garbage.
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	st, err := dir.At(ctx, at.inFiles(), &shown.done)
	if err != nil {
		return nil, &filesError{withEarlier(err)}
	}
	for _, d := range st.Doubts {
		fmt.Fprintln(e.Err, oneLine("zook: warning: "+d))
	}
	return &offline{st}, nil
}

// withEarlier adds to damage in a log that what was before it can be seen.
func withEarlier(err error) error {
	var log *txnlog.CorruptError
	var snap *snapshot.CorruptError
	if errors.As(err, &log) && log.Zxid != 0 && !errors.As(err, &snap) {
		return &Error{Err: err, Hint: fmt.Sprintf("--at 0x%x is before that", log.Zxid)}
	}
	return err
}

// inFiles is the moment for package datadir.
func (m moment) inFiles() datadir.Moment {
	switch {
	case m.isZxid:
		return datadir.AtZxid(m.zxid)
	case !m.time.IsZero():
		return datadir.AtTime(m.time)
	}
	return datadir.Moment{}
}

// noTree reports whether err is of all znodes: there is no connection, or no tree in
// the files, or these cannot do what is asked.
func noTree(err error) bool {
	var files *filesError
	return ExitCode(err) == ExitNoConnection || errors.As(err, &files) || errors.Is(err, errNeedsServer)
}

func (o *offline) Get(_ context.Context, path string) ([]byte, jute.Stat, error) {
	v := o.Tree.View()
	defer v.Close()
	data, stat, code := v.Get(path, nil, nil)
	return data, stat, failed(code)
}

// failed is a code as an error.
func failed(code jute.ErrCode) error {
	if code == jute.ErrOK {
		return nil
	}
	return code
}

func (o *offline) Exists(_ context.Context, path string) (*jute.Stat, error) {
	v := o.Tree.View()
	defer v.Close()
	stat, code := v.Exists(path, nil, nil)
	if code != jute.ErrOK {
		return nil, nil
	}
	return &stat, nil
}

func (o *offline) Children(_ context.Context, path string) ([]string, jute.Stat, error) {
	v := o.Tree.View()
	defer v.Close()
	names, stat, code := v.Children(path, nil, nil)
	return names, stat, failed(code)
}

func (o *offline) ACL(_ context.Context, path string) ([]jute.ACL, jute.Stat, error) {
	v := o.Tree.View()
	defer v.Close()
	acl, stat, code := v.ACL(path, nil)
	return slices.Clone(acl), stat, failed(code)
}

func (o *offline) AllChildrenNumber(_ context.Context, path string) (int, error) {
	v := o.Tree.View()
	defer v.Close()
	n, code := v.AllChildrenNumber(path, nil)
	return n, failed(code)
}

func (o *offline) Config(ctx context.Context) ([]byte, jute.Stat, error) {
	return o.Get(ctx, datatree.ConfigPath)
}

func (o *offline) Chroot() string { return "" }

// ephemerals lists the ephemerals of a session, of every one if it is 0.
func (o *offline) ephemerals(session int64, prefix string) (paths []string) {
	sessions := []int64{session}
	if session == 0 {
		sessions = o.Tree.EphemeralOwners()
	}
	v := o.Tree.View()
	defer v.Close()
	for _, id := range sessions {
		paths = append(paths, v.Ephemerals(id, prefix)...)
	}
	return paths
}

// kind tells containers and znodes with a TTL, which servers do not.
func (o *offline) kind(path string) string {
	n, _ := o.Tree.Lookup(path)
	kind, _ := kindOf(n.Stat.EphemeralOwner)
	return kind
}

func (o *offline) Create(context.Context, string, []byte, []jute.ACL, jute.CreateMode, time.Duration) (string, jute.Stat, error) {
	return "", jute.Stat{}, errNeedsServer
}

func (o *offline) Set(context.Context, string, []byte, int32) (jute.Stat, error) {
	return jute.Stat{}, errNeedsServer
}

func (o *offline) Delete(context.Context, string, int32) error { return errNeedsServer }

func (o *offline) SetACL(context.Context, string, []jute.ACL, int32) (jute.Stat, error) {
	return jute.Stat{}, errNeedsServer
}

func (o *offline) Multi(context.Context, []jute.Op) ([]jute.OpResult, error) {
	return nil, errNeedsServer
}
