package commands

import "testing"

func TestCdAndPwd(t *testing.T) {
	transcript(t, `
	> create -p /a/b/c data
	/a/b/c
	> pwd
	/
	> cd -
	! zook: cd: there is no working path before this one
	= 2
	> cd a
	> pwd
	/a
	> ls
	b
	> cd b/c
	> pwd -o jsonl
	{"path":"/a/b/c"}
	> cd ..
	> pwd
	/a/b
	> cd ../.././a/
	> pwd
	/a
	> cd -
	/a/b
	> cd - -o jsonl
	{"path":"/a"}
	> get -o jsonl b/c ./b/c ../a/b/c
	{"path":"/a/b/c","data":"data"}
	{"path":"/a/b/c","data":"data"}
	{"path":"/a/b/c","data":"data"}
	> cd
	> pwd
	/
	> cd ../..
	> pwd
	/
	> cd /a/b/../b/c
	> pwd
	/a/b/c
	> cd /a/nope
	! zook: cd /a/nope: no such node
	= 3
	> pwd
	/a/b/c
	> cd x//y
	! zook: cd: invalid path "x//y": it has an empty element
	= 2
	> cd ''
	! zook: cd: invalid path "": it is empty
	= 2
	> cd a b
	! zook: cd: one argument too many, "b"; usage: zook cd [PATH]
	= 2
	> ls ../c/../c
	! zook: ls: invalid path "/a/b/c/../c": it has a ".." element; znode paths have no relative parts
	= 2
	$ zook cd /a
	! zook: cd: cd is for the shell and for scripts: every zook command starts at /
	= 2
	$ zook pwd
	/
`)
}

// Names that could steer a terminal come out harmless wherever a path is told.
func TestHostileNames(t *testing.T) {
	transcript(t, `
	> create '/x y' 'it''s'
	/x y
	> cd '/x y'
	> pwd
	/x y
	> cd "/x\x1b[2J"
	! zook: cd /x\x1b[2J: no such node
	= 3
`)
}
