package jute

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
)

// Perms is a set of permissions (ZooDefs.Perms).
type Perms int32

// The permissions.
const (
	PermRead   Perms = 1 << 0
	PermWrite  Perms = 1 << 1
	PermCreate Perms = 1 << 2
	PermDelete Perms = 1 << 3
	PermAdmin  Perms = 1 << 4
	PermAll    Perms = 1<<5 - 1
)

// permLetters is in the order in which zkCli prints them.
var permLetters = []struct {
	letter byte
	perm   Perms
}{{'c', PermCreate}, {'d', PermDelete}, {'r', PermRead}, {'w', PermWrite}, {'a', PermAdmin}}

// String is the permissions as zkCli prints them, such as "cdrwa".
func (p Perms) String() string {
	var b []byte
	for _, l := range permLetters {
		if p&l.perm != 0 {
			b = append(b, l.letter)
		}
	}
	return string(b)
}

// ParsePerms parses letters of "cdrwa" in any order.
func ParsePerms(s string) (Perms, error) {
	var p Perms
next:
	for i := range len(s) {
		for _, l := range permLetters {
			if s[i] == l.letter {
				p |= l.perm
				continue next
			}
		}
		return 0, fmt.Errorf("unknown permission %q, expected letters of cdrwa", s[i])
	}
	return p, nil
}

// OpenACL is the ACL that lets anyone do anything.
func OpenACL() []ACL { return []ACL{{PermAll, ID{"world", "anyone"}}} }

// String is the entry as zkCli takes it: scheme:id:perms.
func (a ACL) String() string { return a.ID.Scheme + ":" + a.ID.ID + ":" + a.Perms.String() }

// ParseACLs parses a comma-separated list of scheme:id:perms. The id may hold
// colons: the scheme ends at the first one and the permissions follow the last.
func ParseACLs(s string) ([]ACL, error) {
	var acls []ACL
	for _, e := range strings.Split(s, ",") {
		e = strings.TrimSpace(e)
		first, last := strings.IndexByte(e, ':'), strings.LastIndexByte(e, ':')
		if first == -1 || first == last {
			return nil, fmt.Errorf("%q is not scheme:id:perms", e)
		}
		perms, err := ParsePerms(e[last+1:])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", e, err)
		}
		acls = append(acls, ACL{perms, ID{e[:first], e[first+1 : last]}})
	}
	return acls, nil
}

// DigestID is the identity that the digest scheme gives to "user:password":
// user:base64(sha1(user:password)).
func DigestID(userPassword string) string {
	user, _, _ := strings.Cut(userPassword, ":")
	sum := sha1.Sum([]byte(userPassword))
	return user + ":" + base64.StdEncoding.EncodeToString(sum[:])
}
