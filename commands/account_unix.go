//go:build unix

package commands

import (
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

// account is whom a server runs as.
type account struct {
	name string
	uid  uint32
	gids []uint32
}

// access is what an account may do with a file: the bits of its mode for others.
type access uint32

const (
	maySearch access = 1 << iota
	mayWrite
	mayRead
)

// findAccount is the account of a name. Without a name it is who runs this, or, if that is
// root, who owns the data directory: services seldom run as root.
func findAccount(name, dataDir string) (account, error) {
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return account{}, usagef("--user: there is no user %s", name)
		}
		return accountOf(u), nil
	}
	uid := uint32(os.Geteuid())
	if st, err := os.Stat(dataDir); err == nil && uid == 0 {
		uid = st.Sys().(*syscall.Stat_t).Uid
	}
	u, err := user.LookupId(strconv.Itoa(int(uid)))
	if err != nil { // there may be files of a user whom nobody knows any more
		return account{name: strconv.Itoa(int(uid)), uid: uid}, nil
	}
	return accountOf(u), nil
}

func accountOf(u *user.User) account {
	number := func(s string) uint32 {
		n, _ := strconv.ParseUint(s, 10, 32)
		return uint32(n)
	}
	a := account{name: u.Username, uid: number(u.Uid), gids: []uint32{number(u.Gid)}}
	more, _ := u.GroupIds() // the own one is known
	for _, g := range more {
		a.gids = append(a.gids, number(g))
	}
	return a
}

// may reports whether the modes of a file let the account do all of want.
func (a account) may(st os.FileInfo, want access) bool {
	sys := st.Sys().(*syscall.Stat_t)
	bits := access(st.Mode().Perm())
	switch {
	case a.uid == 0:
		return true
	case sys.Uid == a.uid:
		bits >>= 6
	case slices.Contains(a.gids, sys.Gid):
		bits >>= 3
	}
	return bits&want == want
}

func (a account) owns(st os.FileInfo) bool { return st.Sys().(*syscall.Stat_t).Uid == a.uid }

// chown is the command that gives a path to the account.
func (a account) chown(path string) string { return "chown -R " + a.name + " " + path }

func ownerName(st os.FileInfo) string {
	uid := strconv.Itoa(int(st.Sys().(*syscall.Stat_t).Uid))
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return uid
}

func isReadableByAll(st os.FileInfo) bool { return st.Mode().Perm()&0o004 != 0 }

// onOneDevice reports whether two directories are on the same device.
func onOneDevice(a, b string) bool {
	sa, err := os.Stat(a)
	if err != nil {
		return false
	}
	sb, err := os.Stat(b)
	return err == nil && sa.Sys().(*syscall.Stat_t).Dev == sb.Sys().(*syscall.Stat_t).Dev
}
