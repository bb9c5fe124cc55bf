package commands

import "testing"

func TestSet(t *testing.T) {
	transcript(t, `
	$ zook create /a one
	/a
	$ zook set /a two
	$ zook set -s /a three
	/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=0 version=2 aversion=0 ephemeralOwner=0x0 dataLength=5 numChildren=0
	$ zook set /a four -v 7
	! zook: set /a: bad version: it has version 2, not 7
	= 5
	$ zook set /a five 2
	$ zook set /a -1 -1
	$ zook get /a -o zkcli
	-1
	$ zook set -o jsonl /a x
	{"path":"/a","czxid":"0xN","mzxid":"0xN","pzxid":"0xN","ctime":"TIME","mtime":"TIME","version":5,"cversion":0,"aversion":0,"ephemeralOwner":"0x0","dataLength":1,"numChildren":0}
	$ zook set /nope x
	! zook: set /nope: no such node
	= 3
	$ zook set /a
	! zook: set: too few arguments; usage: zook set PATH DATA
	= 2
	$ zook set /a x notanumber
	! zook: set: -v: "notanumber" is not a number (zook set --help)
	= 2
`)
}
