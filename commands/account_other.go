//go:build !unix

package commands

import (
	"os"
	"os/user"
)

// account is whom a server runs as. Who may do what is not looked at here.
type account struct{ name string }

type access uint32

const (
	maySearch access = 1 << iota
	mayWrite
	mayRead
)

func findAccount(name, _ string) (account, error) {
	if name != "" {
		return account{}, usagef("--user: who may do what is not known on this system")
	}
	u, err := user.Current()
	if err != nil {
		return account{name: "this user"}, nil
	}
	return account{name: u.Username}, nil
}

func (account) may(os.FileInfo, access) bool { return true }
func (account) owns(os.FileInfo) bool        { return true }
func (a account) chown(path string) string   { return "give " + path + " to " + a.name }

func ownerName(os.FileInfo) string     { return "somebody else" }
func isReadableByAll(os.FileInfo) bool { return false }
func onOneDevice(a, b string) bool     { return false }
