package commands

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"zook/jute"
)

// Quotas are znodes (format: Quotas and StatsTrack). The quota of /a is
//
//	/zookeeper/quota/a/zookeeper_limits   count=2,bytes=100=;byteHardLimit=-1;countHardLimit=-1
//	/zookeeper/quota/a/zookeeper_stats    count=4,bytes=5
//
// where -1 is no limit. The server keeps the second up to date, warns in its log
// above a limit, and refuses changes above a hard one (if enforceQuota is set).

const (
	quotaRoot  = "/zookeeper/quota"
	limitsName = "zookeeper_limits"
	statsName  = "zookeeper_stats"
)

func quotaPath(path string) string  { return quotaRoot + path }
func limitsPath(path string) string { return quotaRoot + path + "/" + limitsName }
func statsPath(path string) string  { return quotaRoot + path + "/" + statsName }

// track is the content of a znode of a quota: limits, or what is used.
type track map[string]int64

const (
	trackCount     = "count"
	trackBytes     = "bytes"
	trackCountHard = "countHardLimit"
	trackBytesHard = "byteHardLimit"
)

// parseTrack reads the content of a znode at path.
func parseTrack(path string, data []byte) (track, error) {
	t := track{}
	split := func(r rune) bool { return r == ',' || r == ';' }
	for _, pair := range strings.FieldsFunc(string(data), split) {
		name, value, _ := strings.Cut(pair, "=")
		n, err := strconv.ParseInt(strings.TrimSuffix(value, "="), 10, 64)
		if err != nil {
			return nil, &Error{Path: path, Err: fmt.Errorf("%w: %q is no quota", errDamaged, oneLine(string(data)))}
		}
		t[name] = n
	}
	return t, nil
}

// get is the number of that name; -1 if there is none.
func (t track) get(name string) int64 {
	if n, ok := t[name]; ok {
		return n
	}
	return -1
}

// String is what the znode holds: count and bytes first, as servers before 3.7
// read no further than the second "=" after bytes.
func (t track) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "count=%d,bytes=%d", t.get(trackCount), t.get(trackBytes))
	var rest []string
	for name := range t {
		if name != trackCount && name != trackBytes {
			rest = append(rest, name)
		}
	}
	if len(rest) > 0 {
		b.WriteByte('=')
		slices.Sort(rest)
		for _, name := range rest {
			fmt.Fprintf(&b, ";%s=%d", name, t[name])
		}
	}
	return b.String()
}

// readTrack reads the content of a znode of a quota.
func readTrack(ctx context.Context, z Znodes, path string) (track, error) {
	data, _, err := z.Get(ctx, path)
	if err != nil {
		return nil, err
	}
	return parseTrack(path, data)
}

// quotaTarget checks a path that a quota is to be on. The server's quotas are not
// below a chroot.
func (e *Env) quotaTarget(ctx context.Context, arg string) (string, Znodes, error) {
	path, err := e.Path(arg)
	if err != nil {
		return "", nil, err
	}
	if path == "/" {
		return "", nil, usagef("/ cannot have a quota")
	}
	if path == quotaRoot || strings.HasPrefix(path, quotaRoot+"/") {
		return "", nil, usagef("%s is where quotas are: it cannot have one", path)
	}
	z, err := e.Znodes(ctx)
	if err != nil {
		return "", nil, err
	}
	if z.Chroot() != "" {
		return "", nil, usagef("quotas are in %s, outside of the chroot %s: connect without it", quotaRoot, z.Chroot())
	}
	return path, z, nil
}

// quota is what listquota and setquota print of one path.
type quota struct {
	Path   string `json:"path"`
	Limits limits `json:"limits"` // null where there is none
	Used   used   `json:"used"`

	limits, used track
}

type limits struct {
	Count     *int64 `json:"count"` // znodes, the path itself included
	Bytes     *int64 `json:"bytes"` // of data
	CountHard *int64 `json:"countHard"`
	BytesHard *int64 `json:"bytesHard"`
}

type used struct {
	Count int64 `json:"count"`
	Bytes int64 `json:"bytes"`
}

func newQuota(path string, lim, use track) *quota {
	limit := func(name string) *int64 {
		if n := lim.get(name); n >= 0 {
			return &n
		}
		return nil
	}
	return &quota{Path: path,
		Limits: limits{limit(trackCount), limit(trackBytes), limit(trackCountHard), limit(trackBytesHard)},
		Used:   used{use.get(trackCount), use.get(trackBytes)},
		limits: lim, used: use,
	}
}

func (q *quota) fields(s Style) [][2]string {
	limit := func(n *int64, format func(int64) string) string {
		if n == nil {
			return "none"
		}
		return format(*n)
	}
	return [][2]string{
		{"count", s.Count(q.Used.Count)},
		{"limit", limit(q.Limits.Count, s.Count)}, {"hardLimit", limit(q.Limits.CountHard, s.Count)},
		{"bytes", s.Size(q.Used.Bytes)},
		{"byteLimit", limit(q.Limits.Bytes, s.Size)}, {"byteHardLimit", limit(q.Limits.BytesHard, s.Size)},
	}
}

func (q *quota) Text(w io.Writer, s Style) {
	line := printable(q.Path)
	for _, f := range q.fields(s) {
		line += " " + f[0] + "=" + f[1]
	}
	fmt.Fprintln(w, line)
}

func (q *quota) Row(s Style) ([]string, [][]string) {
	columns, row := []string{"path"}, []string{printable(q.Path)}
	for _, f := range q.fields(s) {
		columns, row = append(columns, f[0]), append(row, f[1])
	}
	return columns, [][]string{row}
}

func (q *quota) ZkCli(w io.Writer) {
	fmt.Fprintf(w, "Output quota for %s %v\nOutput stat for %s %v\n", q.Path, q.limits, q.Path, q.used)
}

// exceeded says of which limits more is used already.
func (q *quota) exceeded() (warnings []string) {
	over := func(used int64, limits ...*int64) bool {
		least := int64(math.MaxInt64)
		for _, l := range limits {
			if l != nil {
				least = min(least, *l)
			}
		}
		return used > least
	}
	const text = "the %s quota you create is less than the existing %s:%d"
	if over(q.Used.Count, q.Limits.Count, q.Limits.CountHard) {
		warnings = append(warnings, fmt.Sprintf(text, "count", "count", q.Used.Count))
	}
	if over(q.Used.Bytes, q.Limits.Bytes, q.Limits.BytesHard) {
		warnings = append(warnings, fmt.Sprintf(text, "bytes", "bytes", q.Used.Bytes))
	}
	return warnings
}

// readQuota reads the quota on path; an error that is ErrNoNode if there is none.
func readQuota(ctx context.Context, z Znodes, path string) (*quota, error) {
	lim, err := readTrack(ctx, z, limitsPath(path))
	if noNode(err) {
		return nil, errNoQuota{}
	}
	if err != nil {
		return nil, err
	}
	use, err := readTrack(ctx, z, statsPath(path))
	if noNode(err) {
		use, err = track{}, nil // not counted yet
	}
	return newQuota(path, lim, use), err
}

// errNoQuota is ErrNoNode for what a quota is.
type errNoQuota struct{}

func (errNoQuota) Error() string { return "there is no quota on it" }
func (errNoQuota) Unwrap() error { return jute.ErrNoNode }
