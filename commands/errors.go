package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"zook/client"
	"zook/jute"
	"zook/snapshot"
	"zook/txnlog"
)

// Exit codes. ExitDamaged is for files and znodes whose content cannot be what
// was written.
const (
	ExitOK           = 0
	ExitFailed       = 1
	ExitUsage        = 2
	ExitNoNode       = 3
	ExitNodeExists   = 4
	ExitBadVersion   = 5
	ExitNotEmpty     = 6
	ExitNoAuth       = 7
	ExitNoConnection = 8
	ExitDamaged      = 9
)

// Error is a command that failed: what was tried, on which znode, and why.
type Error struct {
	Command string // "" until it has risen to Run
	Path    string // "" if it is not about one znode
	Err     error
	Hint    string // what to do about it; "" to leave it to Explain
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Command)
	if e.Path != "" {
		b.WriteString(" " + e.Path)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	return strings.TrimSpace(b.String())
}

func (e *Error) Unwrap() error { return e.Err }

// onPath is err as an error about path; nil if err is nil. Errors that name what
// they are about already stay as they are.
func onPath(path string, err error) error {
	var known *Error
	var invalid *jute.PathError
	var conn *connectError
	var files *filesError
	var usage *usageError
	switch {
	case err == nil, errors.As(err, &invalid), errors.As(err, &conn), errors.As(err, &files), errors.As(err, &usage):
		return err
	case errors.As(err, &known):
		if known.Path == "" {
			known.Path = path
		}
		return err
	}
	return &Error{Path: path, Err: err}
}

// usageError is a line that cannot be run as it is written.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// connectError is a session that could not be opened, whatever it was for.
type connectError struct{ error }

func (e *connectError) Unwrap() error { return e.error }

// reportedError is an error that the user has been told of already.
type reportedError struct{ error }

func (e reportedError) Unwrap() error { return e.error }

var (
	errNotConnected = &connectError{errors.New("not connected: connect opens a session")}
	errNeedsServer  = usagef("only a server can do this: --data-dir reads files, which cannot be changed")
	errCancelled    = errors.New("cancelled, nothing was changed")
	errDamaged      = errors.New("damaged")
)

// report tells the user of a failure and goes on. It returns the error for the
// exit code.
func (e *Env) report(command string, err error) error {
	if line := Explain(e.placed(named(command, err))); line != "" {
		fmt.Fprintln(e.Err, line)
	}
	return reportedError{err}
}

// named is err as an error of the command.
func named(command string, err error) error {
	var known *Error
	if err == nil {
		return nil
	}
	if errors.As(err, &known) {
		if known.Command == "" {
			known.Command = command
		}
		return err
	}
	return &Error{Command: command, Err: err}
}

// ExitCode is the code to exit with after err.
func ExitCode(err error) int {
	var code jute.ErrCode
	var usage *usageError
	var invalid *jute.PathError
	var address *client.AddressError
	var conn *connectError
	var check *checkError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &check):
		return check.code
	case errors.As(err, &usage), errors.As(err, &invalid), errors.As(err, &address):
		return ExitUsage
	case errors.Is(err, errDamaged), isDamage(err):
		return ExitDamaged
	case errors.As(err, &conn) && !errors.Is(err, jute.ErrAuthFailed), errors.Is(err, context.DeadlineExceeded):
		return ExitNoConnection
	case errors.As(err, &code):
		return exitCodeOf(code)
	}
	return ExitFailed
}

// isDamage reports whether err is of a file whose content is not what was written,
// the torn end of a log that a crash left included.
func isDamage(err error) bool {
	var log *txnlog.CorruptError
	var snap *snapshot.CorruptError
	return errors.As(err, &log) || errors.As(err, &snap)
}

func exitCodeOf(code jute.ErrCode) int {
	switch code {
	case jute.ErrNoNode:
		return ExitNoNode
	case jute.ErrNodeExists:
		return ExitNodeExists
	case jute.ErrBadVersion:
		return ExitBadVersion
	case jute.ErrNotEmpty:
		return ExitNotEmpty
	case jute.ErrNoAuth, jute.ErrAuthFailed, jute.ErrSessionClosedRequireSASLAuth:
		return ExitNoAuth
	case jute.ErrConnectionLoss, jute.ErrSessionExpired, jute.ErrOperationTimeout, jute.ErrSessionMoved:
		return ExitNoConnection
	}
	return ExitFailed
}

// Explain is the one line that tells the user of err; "" if it has been told.
func Explain(err error) string {
	var told reportedError
	if err == nil || errors.As(err, &told) {
		return ""
	}
	text := err.Error()
	var file *fs.PathError
	var dial *client.DialError
	switch {
	case errors.As(err, &dial):
		text = strings.Replace(text, dial.Error(), explainDial(dial), 1)
	case errors.Is(err, context.Canceled):
		text = strings.Replace(text, context.Canceled.Error(), "interrupted", 1)
	case errors.Is(err, context.DeadlineExceeded):
		text = strings.Replace(text, context.DeadlineExceeded.Error(), "no answer in time (--timeout)", 1)
	case errors.As(err, &file):
		text = strings.Replace(text, file.Error(), file.Path+": "+file.Err.Error(), 1)
	}
	if h := hint(err); h != "" {
		text += ": " + h
	}
	return "zook: " + oneLine(text)
}

// explainDial names the hosts and what is wrong with each.
func explainDial(e *client.DialError) string {
	var hosts []string
	for _, h := range e.Hosts {
		reason := "no answer in time"
		if h.Err != nil {
			reason = h.Err.Error()
		}
		if errors.Is(e.Cause, context.Canceled) {
			reason = "interrupted"
		}
		hosts = append(hosts, h.Addr+": "+reason)
	}
	return "cannot connect to " + strings.Join(hosts, "; ")
}

// hint says what to do about err, if that is not plain.
func hint(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	var large *client.FrameTooLargeError
	if errors.As(err, &large) {
		return "zook --force opens a session that sends it"
	}
	var login *client.LoginError
	if errors.As(err, &login) {
		return ""
	}
	var code jute.ErrCode
	if !errors.As(err, &code) {
		return ""
	}
	switch code {
	case jute.ErrSessionClosedRequireSASLAuth:
		return "--sasl-user logs in"
	case jute.ErrAuthFailed:
		return "the server refuses the identity of --auth"
	case jute.ErrNoAuth:
		return "its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)"
	case jute.ErrNotEmpty:
		return "rmr deletes its children too"
	case jute.ErrInvalidACL:
		return "scheme:id:perms is wanted, in a scheme that the server knows"
	case jute.ErrUnimplemented:
		return "it is older than this operation, or has it switched off"
	}
	return ""
}

// oneLine keeps control characters, which may come from paths and servers, off
// the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
