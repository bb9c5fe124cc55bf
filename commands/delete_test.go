package commands

import "testing"

func TestDelete(t *testing.T) {
	transcript(t, `
	$ zook create -p /a/b/c
	/a/b/c
	$ zook delete /a
	! zook: delete /a: node has children: rmr deletes its children too
	= 6
	$ zook delete /a/b/c 3
	! zook: delete /a/b/c: bad version: it has version 0, not 3
	= 5
	$ zook delete -v 0 /a/b/c
	$ zook delete /a/nope /a/b /a
	! zook: delete /a/nope: no such node
	= 3
	$ zook ls /
	$ zook create /x
	/x
	$ zook delete -o jsonl /x
	{"path":"/x"}
	$ zook delete /
	! zook: delete: / is what ZooKeeper itself relies on: --force to do it all the same
	= 2
	$ zook delete /zookeeper/quota
	! zook: delete: /zookeeper/quota is what ZooKeeper itself relies on: --force to do it all the same
	= 2
`)
}
