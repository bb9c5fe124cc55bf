package commands

import (
	"bufio"
	"fmt"
	"io"

	"zook/client"
	"zook/jute"
)

// zkcliFormat prints the lines of zkCli.sh 3.8, and text where it has no such
// command.
type zkcliFormat struct{ style Style }

func (f zkcliFormat) print(w *bufio.Writer, item Item) error {
	if z, ok := item.(zkcliItem); ok {
		z.ZkCli(w)
	} else {
		item.Text(w, Style{})
	}
	return nil
}
func (zkcliFormat) close(*bufio.Writer) error { return nil }

// javaDate is a time as Java's Date.toString prints it.
func javaDate(ms int64) string {
	return string(newClock().appendJava(nil, ms))
}

// zkcliStat prints a Stat as zkCli's StatPrinter does.
func zkcliStat(w io.Writer, s *jute.Stat) {
	fmt.Fprintf(w, "cZxid = 0x%x\nctime = %s\n", uint64(s.Czxid), javaDate(s.Ctime))
	fmt.Fprintf(w, "mZxid = 0x%x\nmtime = %s\n", uint64(s.Mzxid), javaDate(s.Mtime))
	fmt.Fprintf(w, "pZxid = 0x%x\ncversion = %d\ndataVersion = %d\naclVersion = %d\n",
		uint64(s.Pzxid), s.Cversion, s.Version, s.Aversion)
	fmt.Fprintf(w, "ephemeralOwner = 0x%x\ndataLength = %d\nnumChildren = %d\n",
		uint64(s.EphemeralOwner), s.DataLength, s.NumChildren)
}

// zkcliEvent prints a watch event as zkCli does. 3.9 and later add the zxid.
func zkcliEvent(w io.Writer, e client.Event) {
	fmt.Fprintf(w, "\nWATCHER::\n\nWatchedEvent state:%v type:%v path:%s\n", e.State, e.Type, e.Path)
}
