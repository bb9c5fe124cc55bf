package commands

import "testing"

func TestLs(t *testing.T) {
	transcript(t, `
	$ zook create /a data
	/a
	$ zook ls /
	a
	$ zook create -p /a/c/d
	/a/c/d
	$ zook create "/a/b e"
	/a/b e
	$ zook ls /a
	b e
	c
	$ zook ls /a/
	b e
	c
	$ zook ls / /a
	/a
	/a/b e
	/a/c
	$ zook ls
	a
	$ zook LS -R /a
	/a
	/a/b e
	/a/c
	/a/c/d
	$ zook ls -R -o zkcli /
	/
	/a
	/a/b e
	/a/c
	/a/c/d
	$ zook ls -s /a
	b e
	c
	/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=2 version=0 aversion=0 ephemeralOwner=0x0 dataLength=4 numChildren=2
	$ zook ls /a -o zkcli
	[b e, c]
	$ zook ls /a /a/c -o jsonl
	{"path":"/a","children":["b e","c"]}
	{"path":"/a/c","children":["d"]}
	$ zook ls -R /a/c -o json
	[
	  {
	    "path": "/a/c"
	  },
	  {
	    "path": "/a/c/d"
	  }
	]
	$ zook ls2 -o zkcli /a
	[b e, c]
	cZxid = 0xN
	ctime = DATE
	mZxid = 0xN
	mtime = DATE
	pZxid = 0xN
	cversion = 2
	dataVersion = 0
	aclVersion = 0
	ephemeralOwner = 0x0
	dataLength = 4
	numChildren = 2
	$ zook ls /nope
	! zook: ls /nope: no such node
	= 3
	$ zook ls /nope /a /a//b
	! zook: ls /nope: no such node
	/a/b e
	/a/c
	! zook: ls: invalid path "/a//b": it has an empty element
	= 3
	$ zook ls -R /nope
	! zook: ls /nope: no such node
	= 3
	$ zook ls a
	! zook: ls: invalid path "a": it must start with /
	= 2
`)
}

func TestLsWatch(t *testing.T) {
	transcript(t, `
	> create /a
	/a
	> ls /a watch
	> create /a/b
	/a/b
	~ NodeChildrenChanged /a
	> create /a/c
	/a/c
	> ls -w -R /a
	/a
	/a/b
	/a/c
	> create /a/b/x
	/a/b/x
	~ NodeChildrenChanged /a/b
`)
}
