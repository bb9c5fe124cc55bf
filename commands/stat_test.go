package commands

import "testing"

func TestStat(t *testing.T) {
	transcript(t, `
	$ zook create /a data
	/a
	$ zook stat /a
	/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=0 version=0 aversion=0 ephemeralOwner=0x0 dataLength=4 numChildren=0
	$ zook stat -o zkcli /a
	cZxid = 0xN
	ctime = DATE
	mZxid = 0xN
	mtime = DATE
	pZxid = 0xN
	cversion = 0
	dataVersion = 0
	aclVersion = 0
	ephemeralOwner = 0x0
	dataLength = 4
	numChildren = 0
	$ zook stat /nope /a -o jsonl
	! zook: stat /nope: no such node
	{"path":"/a","czxid":"0xN","mzxid":"0xN","pzxid":"0xN","ctime":"TIME","mtime":"TIME","version":0,"cversion":0,"aversion":0,"ephemeralOwner":"0x0","dataLength":4,"numChildren":0}
	= 3
	> stat /a watch -o zkcli
	cZxid = 0xN
	ctime = DATE
	mZxid = 0xN
	mtime = DATE
	pZxid = 0xN
	cversion = 0
	dataVersion = 0
	aclVersion = 0
	ephemeralOwner = 0x0
	dataLength = 4
	numChildren = 0
	> set /a x
	~ NodeDataChanged /a
`)
}

func TestExists(t *testing.T) {
	transcript(t, `
	$ zook create /a
	/a
	$ zook exists /a
	/a true
	$ zook exists /a /b
	/a true
	/b false
	= 3
	$ zook exists /b -o json
	{
	  "path": "/b",
	  "exists": false
	}
	= 3
	> exists -w /b
	/b false
	> create /b
	/b
	~ NodeCreated /b
`)
}
