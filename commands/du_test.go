package commands

import "testing"

func TestDu(t *testing.T) {
	transcript(t, aTree+`
	$ zook du /a
	4	3	/a/b
	8	1	/a/e
	0	1	/a/f g
	12	6	/a
	$ zook du -d 2 --sort size /a
	12	6	/a
	8	1	/a/e
	4	3	/a/b
	4	1	/a/b/c
	0	1	/a/b/d
	0	1	/a/f g
	$ zook du --sort znodes /a
	12	6	/a
	4	3	/a/b
	8	1	/a/e
	0	1	/a/f g
	$ zook du -s /a/b /nope /a
	4	3	/a/b
	! zook: du /nope: no such node
	12	6	/a
	= 3
	$ zook du -s
	12	7	/
	$ zook du -s -o jsonl /a
	{"path":"/a","bytes":12,"znodes":6}
	$ zook du -s -o table /a
	┌───────┬────────┬──────┐
	│ bytes │ znodes │ path │
	├───────┼────────┼──────┤
	│ 12    │ 6      │ /a   │
	└───────┴────────┴──────┘
	$ zook du -s -d 3
	! zook: du: -s is -d 0: one of them is enough
	= 2
	$ zook du --sort name
	! zook: du: --sort: there is no "name"; there are path, size, znodes
	= 2
	$ zook du -d -1
	! zook: du: -d: a depth is 0 or more
	= 2
	> setAcl /a/b world:anyone:a
	$ zook du -s /a
	! zook: du /a/b: not authorised: its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)
	8	4	/a
	= 7
	> setAcl /a/b world:anyone:cdrwa
`)
}
