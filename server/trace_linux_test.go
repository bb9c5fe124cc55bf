package server

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zook/datadir"
	"zook/internal/zktest"
	"zook/jute"
)

// startTraced is startChild under strace.
func startTraced(t *testing.T, cfg childConfig, options ...string) *child {
	t.Helper()
	_, err := exec.LookPath("strace")
	if err == nil && exec.Command("strace", "-o", "/dev/null", "true").Run() != nil {
		err = errors.New("it may not trace here")
	}
	if err != nil {
		zktest.NeedPeer(t, "strace: %v", err)
	}
	return startChildUnder(t, cfg, append([]string{"strace", "-f", "-qq"}, options...)...)
}

// A sync that fails, once: what was written may be on the disk or not, and a second sync
// that succeeds would not tell. Nothing more is acknowledged, one line says why, and the
// process ends with an error.
func TestASyncFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startTraced(t, childConfig{Config: Config{DataDir: dir, PreAllocSize: 64 << 10}},
		"-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=9")
	w := openSession(t, c.addr, 20*time.Second)
	acknowledged := fillUntilItStops(t, w)
	if code := c.exitCode(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	checkStopped(t, c.stderr.String(), "input/output error")
	checkThere(t, dir, acknowledged)
}

// checkThere looks for znodes in what a server would start from.
func checkThere(t *testing.T, dir string, paths []string) {
	t.Helper()
	st, err := datadir.Open(dir, "").Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	v := st.Tree.View()
	defer v.Close()
	if len(paths) == 0 {
		t.Error("nothing was acknowledged: that says little")
	}
	for _, p := range paths {
		if _, err := v.Exists(p, nil, nil); err != jute.ErrOK {
			t.Errorf("%s was acknowledged, and is not there: %v", p, err)
		}
	}
}

// The power fails at any moment of a load: what no sync has made durable is gone, or is
// there in part. Whatever a client was told is in what is left, and a server starts on it.
//
// The system calls of a real server are taken down, with what they write to files and to
// clients; each moment is then a line among them.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	c := startTraced(t, childConfig{Config: Config{DataDir: dir, SnapCount: 300, PreAllocSize: 32 << 10, ExtendedTypes: true}},
		"-o", trace, "-xx", "-s", "8000000",
		"-e", "trace=openat,close,write,pwrite64,fdatasync,fsync,ftruncate,rename,renameat,renameat2,unlinkat,accept4")
	var load sync.WaitGroup
	for i := range 3 {
		load.Go(func() {
			w := newWriter(i, uint64(i))
			for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
				if err := w.verify(t, c.addr); err != nil {
					t.Error(err)
					return
				}
				nc := w.wire.nc
				lost := time.AfterFunc(300*time.Millisecond, func() { nc.Close() })
				w.write(t)
				lost.Stop()
			}
		})
	}
	load.Wait()
	c.stdin.Close()
	if code := c.exitCode(t); code != 0 {
		t.Fatalf("exit code %d\n%s", code, c.stderr)
	}
	lines := readTrace(t, trace)
	rnd := rand.New(rand.NewPCG(1, 1))
	const moments = 150
	cuts := make([]int, moments)
	for i := range cuts {
		cuts[i] = rnd.IntN(len(lines))
	}
	slices.Sort(cuts)
	disk := newDisk(filepath.Join(dir, "version-2"))
	done, starts := 0, 0
	for _, cut := range cuts {
		for ; done < cut; done++ {
			disk.run(t, lines[done])
		}
		for how, left := range map[string]map[string][]byte{"all that was not synced": disk.strict(), "all from some point on": disk.torn(rnd)} {
			if checkLeft(t, left, disk.told) {
				starts++
			} else {
				t.Errorf("at line %d, losing %s", cut, how)
			}
		}
	}
	if disk.told < 50 || disk.renames < 2 || disk.syncs < 10 {
		t.Errorf("zxid 0x%x was told, %d files took their names, %d syncs: that says little", disk.told, disk.renames, disk.syncs)
	}
	t.Logf("%d lines, zxid 0x%x told, %d snapshots and logs, %d syncs, %d starts", len(lines), disk.told, disk.renames, disk.syncs, starts)
}

// checkLeft starts on what a disk has after the power came back.
func checkLeft(t *testing.T, files map[string][]byte, told int64) bool {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	d, err := datadir.Create(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		os.WriteFile(filepath.Join(d.SnapDir, name), b, 0o644)
	}
	st, err := d.Load(t.Context(), nil)
	if err != nil {
		t.Errorf("it does not start: %v; there is %v", err, slices.Sorted(maps.Keys(files)))
		return false
	}
	if at := st.Tree.LastZxid(); at < told {
		t.Errorf("a client was told of zxid 0x%x, what is left ends at 0x%x", told, at)
		return false
	}
	return true
}

// traced is a system call, or the begin or the end of one during which there were others.
type traced struct {
	call       string
	args       []string // strings without quotes, decoded
	result     string
	begin, end bool
	thread     string
}

var (
	traceLine    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)$`)
	traceResumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	traceResult  = regexp.MustCompile(`\)\s+= (-?\d+)[^"]*$`)
	traceArg     = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"|[^,\s\[\]{}"]+`)
)

func readTrace(t *testing.T, file string) []traced {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []traced
	started := map[string]traced{}
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			return lines
		}
		line = strings.TrimSpace(line)
		if m := traceResumed.FindStringSubmatch(line); m != nil {
			c := started[m[1]]
			c.begin, c.end, c.result = false, true, resultOf(m[3])
			lines = append(lines, c)
			continue
		}
		m := traceLine.FindStringSubmatch(line)
		if m == nil {
			continue // a signal, an exit
		}
		c := traced{thread: m[1], call: m[2], begin: true}
		rest, unfinished := strings.CutSuffix(m[3], " <unfinished ...>")
		if !unfinished {
			c.end, c.result = true, resultOf(rest)
			rest = rest[:traceResult.FindStringIndex(rest)[0]]
		}
		for _, a := range traceArg.FindAllStringSubmatch(rest, -1) {
			if strings.HasPrefix(a[0], `"`) {
				a[0] = decodeTraced(a[1])
			}
			c.args = append(c.args, a[0])
		}
		started[m[1]] = c
		lines = append(lines, c)
	}
}

func resultOf(s string) string {
	if m := traceResult.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// decodeTraced decodes \x00\x01...
func decodeTraced(s string) string {
	b := make([]byte, 0, len(s)/4)
	for ; len(s) >= 4; s = s[4:] {
		v, _ := strconv.ParseUint(s[2:4], 16, 8)
		b = append(b, byte(v))
	}
	return string(b)
}

// disk is the files of one directory as they are durable, and what is on its way.
type disk struct {
	dir     string
	fds     map[string]*diskFile // by descriptor
	sockets map[string]*[]byte   // what was sent, from the last whole frame on
	greeted map[string]bool
	now     map[string]*diskFile         // by name
	names   map[string]*diskFile         // those that are durable
	renamed []func(map[string]*diskFile) // what is on its way in the directory
	settled int                          // and how much no longer is
	syncing map[string]int               // by thread: how much was on its way when the sync began

	told           int64 // the highest zxid that a client was told of
	renames, syncs int
}

// diskFile is a file, or the directory itself.
type diskFile struct {
	isDir   bool
	durable []byte
	writes  []write
}

type write struct {
	offset int64
	data   []byte // nil: the file becomes offset long
}

func newDisk(dir string) *disk {
	return &disk{dir: dir, fds: map[string]*diskFile{}, sockets: map[string]*[]byte{}, greeted: map[string]bool{},
		now: map[string]*diskFile{}, names: map[string]*diskFile{}, syncing: map[string]int{}}
}

func (w write) apply(b []byte) []byte {
	size := w.offset + int64(len(w.data))
	if w.data == nil && size < int64(len(b)) {
		return b[:size]
	}
	if size > int64(len(b)) {
		b = append(b, make([]byte, size-int64(len(b)))...)
	}
	copy(b[w.offset:], w.data)
	return b
}

// run does what a system call does.
func (d *disk) run(t *testing.T, c traced) {
	number := func(i int) int64 {
		n, err := strconv.ParseInt(c.args[i], 10, 64)
		if err != nil {
			t.Fatalf("%s%q: %v", c.call, c.args, err)
		}
		return n
	}
	switch c.call {
	case "openat":
		if c.end && c.result != "" && c.result[0] != '-' {
			d.open(c.args[1], c.args[2], c.result)
		}
	case "accept4":
		if c.end && c.result[0] != '-' {
			d.sockets[c.result], d.greeted[c.result] = new([]byte), false
		}
	case "close":
		if c.begin {
			delete(d.fds, c.args[0])
			delete(d.sockets, c.args[0])
		}
	case "write":
		if out := d.sockets[c.args[0]]; out != nil && c.begin {
			*out = append(*out, c.args[1]...)
			d.sent(c.args[0], out)
		} else if f := d.fds[c.args[0]]; f != nil && c.begin {
			f.writes = append(f.writes, write{f.size(), []byte(c.args[1])}) // snapshots, from start to end
		}
	case "pwrite64":
		if f := d.fds[c.args[0]]; f != nil && c.begin {
			f.writes = append(f.writes, write{number(len(c.args) - 1), []byte(c.args[1])})
		}
	case "ftruncate":
		if f := d.fds[c.args[0]]; f != nil && c.begin {
			f.writes = append(f.writes, write{offset: number(1)})
		}
	case "fdatasync", "fsync":
		d.sync(c)
	case "rename", "renameat", "renameat2":
		if c.end && c.result == "0" {
			d.rename(c.args)
		}
	case "unlinkat":
		if name, ok := d.named(c.args[1]); ok && c.end && c.result == "0" {
			delete(d.now, name)
			d.renamed = append(d.renamed, func(names map[string]*diskFile) { delete(names, name) })
		}
	}
}

func (d *disk) named(path string) (string, bool) {
	return filepath.Base(path), filepath.Dir(path) == d.dir
}

func (d *disk) open(path, flags, fd string) {
	name, ok := d.named(path)
	switch {
	case path == d.dir:
		d.fds[fd] = &diskFile{isDir: true}
	case !ok:
		delete(d.fds, fd)
	case d.now[name] == nil || strings.Contains(flags, "O_TRUNC"):
		f := &diskFile{}
		d.now[name], d.fds[fd] = f, f
		d.renamed = append(d.renamed, func(names map[string]*diskFile) { names[name] = f })
	default:
		d.fds[fd] = d.now[name]
	}
}

func (d *disk) rename(args []string) {
	var paths []string
	for _, a := range args {
		if strings.HasPrefix(a, "/") {
			paths = append(paths, a)
		}
	}
	from, ok := d.named(paths[0])
	to, also := d.named(paths[1])
	if !ok || !also {
		return
	}
	f := d.now[from]
	delete(d.now, from)
	d.now[to] = f
	d.renames++
	d.renamed = append(d.renamed, func(names map[string]*diskFile) { delete(names, from); names[to] = f })
}

// sync makes durable what was there when it began.
func (d *disk) sync(c traced) {
	f := d.fds[c.args[0]]
	if f == nil {
		return
	}
	if c.begin {
		if d.syncing[c.thread] = len(f.writes); f.isDir { // which two may sync at once
			d.syncing[c.thread] = d.settled + len(d.renamed)
		}
	}
	if !c.end || c.result != "0" {
		return
	}
	n := d.syncing[c.thread]
	d.syncs++
	if f.isDir {
		for ; d.settled < n; d.settled++ {
			d.renamed[0](d.names)
			d.renamed = d.renamed[1:]
		}
		return
	}
	for _, w := range f.writes[:n] {
		f.durable = w.apply(f.durable)
	}
	f.writes = f.writes[n:]
}

func (f *diskFile) size() int64 {
	n := int64(len(f.durable))
	for _, w := range f.writes {
		n = max(n, w.offset+int64(len(w.data)))
	}
	return n
}

// sent notes the zxids of the replies.
func (d *disk) sent(fd string, out *[]byte) {
	for len(*out) >= 4 {
		n := int(binary.BigEndian.Uint32(*out))
		if len(*out) < 4+n {
			return
		}
		frame := (*out)[4 : 4+n]
		*out = (*out)[4+n:]
		if !d.greeted[fd] {
			d.greeted[fd] = true // a ConnectResponse
			continue
		}
		var h jute.ReplyHeader
		h.Decode(jute.NewDecoder(frame))
		d.told = max(d.told, h.Zxid)
	}
}

// strict is what is left if everything is lost that no sync has made durable.
func (d *disk) strict() map[string][]byte {
	left := map[string][]byte{}
	for name, f := range d.names {
		left[name] = f.durable
	}
	return left
}

// torn is what is left if what is on its way arrives in its order, up to some byte.
func (d *disk) torn(rnd *rand.Rand) map[string][]byte {
	names := maps.Clone(d.names)
	if len(d.renamed) > 0 {
		for _, op := range d.renamed[:rnd.IntN(len(d.renamed)+1)] {
			op(names)
		}
	}
	left := map[string][]byte{}
	for name, f := range names {
		b := slices.Clone(f.durable)
		if n := len(f.writes); n > 0 {
			last := rnd.IntN(n)
			for _, w := range f.writes[:last] {
				b = w.apply(b)
			}
			if w := f.writes[last]; len(w.data) > 0 {
				w.data = w.data[:rnd.IntN(len(w.data))]
				b = w.apply(b)
			}
		}
		left[name] = b
	}
	return left
}
