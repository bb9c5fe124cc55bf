package commands

import "testing"

func TestACL(t *testing.T) {
	transcript(t, `
	$ zook create -p /a/b/c
	/a/b/c
	$ zook getAcl /a
	world:anyone:cdrwa
	$ zook getacl /a /a/b
	/a world:anyone:cdrwa
	/a/b world:anyone:cdrwa
	$ zook getAcl -o zkcli /a
	'world,'anyone
	: cdrwa
	$ zook getAcl -s -o jsonl /a
	{"path":"/a","acl":[{"scheme":"world","id":"anyone","perms":"cdrwa"}],"stat":{"czxid":"0xN","mzxid":"0xN","pzxid":"0xN","ctime":"TIME","mtime":"TIME","version":0,"cversion":1,"aversion":0,"ephemeralOwner":"0x0","dataLength":0,"numChildren":1}}
	$ zook setAcl -R /a world:anyone:rwa
	$ zook getAcl /a /a/b /a/b/c
	/a world:anyone:rwa
	/a/b world:anyone:rwa
	/a/b/c world:anyone:rwa
	$ zook setAcl -s /a world:anyone:cdrwa
	/a czxid=0xN ctime=TIME mzxid=0xN mtime=TIME pzxid=0xN cversion=1 version=0 aversion=2 ephemeralOwner=0x0 dataLength=0 numChildren=1
	$ zook setAcl -v 1 /a world:anyone:r
	! zook: setAcl /a: bad version: it has version 2, not 1
	= 5
	$ zook setAcl /a world:anyone:xyz
	! zook: setAcl: ACL: "world:anyone:xyz": unknown permission 'x', expected letters of cdrwa
	= 2
	$ zook setAcl /a auth::cdrwa
	! zook: setAcl /a: invalid ACL: auth stands for an identity of this session, which has none (--auth scheme:data, or addauth): scheme:id:perms is wanted, in a scheme that the server knows
	= 1
	$ zook setAcl -R /nope world:anyone:r
	! zook: setAcl /nope: no such node
	= 3
	$ zook setAcl -R -s /a world:anyone:r
	! zook: setAcl: -R shows no metadata: leave -s
	= 2
`)
}

func TestIdentities(t *testing.T) {
	transcript(t, `
	$ zook --auth digest:bob:secret create /secret data auth::cdrwa
	/secret
	$ zook getAcl /secret
	! zook: getAcl /secret: not authorised: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	= 7
	$ zook --auth digest:bob:secret getAcl /secret
	digest:bob:fyVmFCwVbTJYrznoSu1koqYEYF0=:cdrwa
	> get /secret
	! zook: get /secret: not authorised: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	= 7
	> addauth digest bob:secret
	> get /secret -o zkcli
	data
	> whoami
	digest bob
	ip 127.0.0.1
	> whoami -o jsonl
	{"scheme":"digest","user":"bob"}
	{"scheme":"ip","user":"127.0.0.1"}
	$ zook --auth nocolon ls /
	! zook: ls: --auth needs scheme:data, such as digest:user:password
	= 2
	$ zook --auth nosuch:data ls /
	! zook: ls: authentication failed: the server refuses the identity of --auth
	= 7
	$ zook delete /secret
`)
}
