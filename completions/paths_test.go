package completions

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// tree is a Lister of paths, with "" parents in between.
type tree []string

func (t tree) Children(_ context.Context, parent string) ([]string, error) {
	var names []string
	found := parent == "/"
	for _, p := range t {
		found = found || p == parent || strings.HasPrefix(p, parent+"/")
		if rest, ok := strings.CutPrefix(p, strings.TrimSuffix(parent, "/")+"/"); ok && rest != "" {
			name, _, _ := strings.Cut(rest, "/")
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if !found {
		return nil, errors.New("no such node")
	}
	return names, nil
}

func texts(cs []Candidate) string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Text)
	}
	return strings.Join(out, " | ")
}

func TestPaths(t *testing.T) {
	zk := tree{"/brokers/ids/1", "/brokers/ids/2", "/brokers/topics", "/broom", "/config", "/my dir/x", "/zookeeper/quota"}
	for _, c := range []struct{ cwd, partial, want string }{
		{"/", "/bro", "/brokers | /broom"},
		{"/", "/brok", "/brokers/"}, // it has children: go on
		{"/", "/conf", "/config"},   // a leaf
		{"/", "/config", "/config"}, // typed whole
		{"/", "/brokers", "/brokers/"},
		{"/", "/brokers/", "/brokers/ids | /brokers/topics"},
		{"/", "/brokers/ids/", "/brokers/ids/1 | /brokers/ids/2"},
		{"/", "bro", "brokers | broom"},
		{"/brokers", "", "ids | topics"},
		{"/brokers", "i", "ids/"},
		{"/brokers", "ids/", "ids/1 | ids/2"},
		{"/brokers", "../con", "../config"},
		{"/brokers/ids", "../../bro", "../../brokers | ../../broom"},
		{"/brokers", "/con", "/config"},
		{"", "con", ""},
		{"", "", "/brokers | /broom | /config | /my dir | /zookeeper"},
		{"/", "/my", "/my dir/"},
		{"/", "/nothing", ""},
		{"/", "/nothing/x", ""},
		{"/", "", "brokers | broom | config | my dir | zookeeper"},
	} {
		if got := texts(Paths(context.Background(), zk, c.cwd, c.partial)); got != c.want {
			t.Errorf("cwd %s, %q: got %s, want %s", c.cwd, c.partial, got, c.want)
		}
	}
	got := Paths(context.Background(), zk, "/", "/brok")
	if want := (Candidate{"/brokers/", "2 children", true}); got[0] != want {
		t.Errorf("got %v, want %v", got[0], want)
	}
}

func TestPathsLeavesOutWhatWouldBreakALine(t *testing.T) {
	zk := tree{"/ok", "/a\nb", "/a\x1b[2J", "/\xff", "/a\tb"}
	if got := texts(Paths(context.Background(), zk, "/", "/")); got != "/ok" {
		t.Errorf("got %q", got)
	}
}

type flat []string

func (f flat) Children(_ context.Context, p string) ([]string, error) {
	if p == "/" {
		return f, nil
	}
	return nil, nil
}

func numbered(n int) flat {
	names := make(flat, n)
	for i := range names {
		names[i] = fmt.Sprintf("item-%05d", i)
	}
	return names
}

func TestPathsUnderManyChildren(t *testing.T) {
	zk := numbered(100_000)
	got := Paths(context.Background(), zk, "/", "/it")
	if len(got) != 100 || got[7] != (Candidate{"/item-07", "1000 znodes", true}) {
		t.Fatalf("%d candidates, the eighth is %+v", len(got), got[7])
	}
	if got := Paths(context.Background(), zk, "/", "/item-0712"); len(got) != 10 || got[3].Text != "/item-07123" || got[3].Partial {
		t.Errorf("%d candidates: %v", len(got), got)
	}
}

// Folding must not send a shell astray: whatever it completes, the common start
// of the candidates, is the common start of all the names.
func TestFoldKeepsTheCommonStart(t *testing.T) {
	for name, zk := range map[string]flat{
		"one odd name":        append(numbered(1000), "zebra"),
		"a name is a start":   append(numbered(1000), "item-00"),
		"long common start":   append(flat{}, numbered(1000)...),
		"many first letters":  manyLetters(),
		"multi-byte in front": multiByte(),
	} {
		zk = slices.Sorted(slices.Values(zk))
		groups := fold(zk, 0, 200)
		count, lo, hi := 0, groups[0].text, groups[len(groups)-1].text
		for _, g := range groups {
			count += g.count
			if n := len(matching(zk, g.text)); n < g.count {
				t.Errorf("%s: %q stands for %d names, %d start so", name, g.text, g.count, n)
			}
		}
		if len(groups) > 200 || count != len(zk) && name != "many first letters" {
			t.Errorf("%s: %d groups of %d names", name, len(groups), count)
		}
		if got, want := common(lo, hi), common(zk[0], zk[len(zk)-1]); got != want {
			t.Errorf("%s: the candidates share %q, the names %q", name, got, want)
		}
	}
}

func manyLetters() (names flat) {
	for r := rune(0x4e00); r < 0x4e00+300; r++ {
		names = append(names, string(r)+"1", string(r)+"2")
	}
	return names
}

func multiByte() (names flat) {
	for i := range 500 {
		names = append(names, fmt.Sprintf("日本%03d", i), fmt.Sprintf("é%03d", i))
	}
	return names
}

func BenchmarkPaths100000Children(b *testing.B) {
	c := NewCache(numbered(100_000), nil)
	for b.Loop() {
		Paths(context.Background(), c, "/", "/item-071")
	}
}

// slow answers only when it is told to.
type slow struct {
	asked  atomic.Int32
	answer chan []string
}

func (s *slow) Children(ctx context.Context, _ string) ([]string, error) {
	s.asked.Add(1)
	select {
	case names := <-s.answer:
		return names, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestPathsOfASlowServer(t *testing.T) {
	s := &slow{answer: make(chan []string)}
	c := NewCache(s, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	for range 3 { // as a person goes on typing
		if got := Paths(ctx, c, "/", "/a"); got != nil {
			t.Fatalf("candidates from nowhere: %v", got)
		}
	}
	s.answer <- []string{"b", "ab", "aa"} // it comes after everyone has left
	got := Paths(context.Background(), c, "/", "/a")
	if texts(got) != "/aa | /ab" || s.asked.Load() != 1 {
		t.Errorf("got %v after asking %d times", got, s.asked.Load())
	}
}

func TestCacheRefreshesInTheBackground(t *testing.T) {
	s := &slow{answer: make(chan []string, 1)}
	changed := make(chan bool, 1)
	c := NewCache(s, func() { changed <- true })
	ctx := context.Background()
	s.answer <- []string{"old"}
	c.Children(ctx, "/")
	c.parents["/"].at = time.Now().Add(-10 * time.Second)
	if names, err := c.Children(ctx, "/"); err != nil || names[0] != "old" {
		t.Fatalf("got %v, %v; want the old listing at once", names, err)
	}
	s.answer <- []string{"new"}
	<-changed
	if names, _ := c.Children(ctx, "/"); names[0] != "new" {
		t.Errorf("got %v after the refresh", names)
	}
	c.Forget()
	s.answer <- []string{"newest"}
	if names, _ := c.Children(ctx, "/"); names[0] != "newest" {
		t.Errorf("got %v after Forget", names)
	}
}

func TestCacheForgetsBeforeItGrowsTooBig(t *testing.T) {
	c := NewCache(everywhere(maxNames/10), nil)
	for i := range 30 {
		c.Children(context.Background(), path.Join("/", fmt.Sprint(i)))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	held := 0
	for _, e := range c.parents {
		held += len(e.names)
	}
	if held > maxNames || c.names < held {
		t.Errorf("the cache holds %d names and counts %d", held, c.names)
	}
}

type everywhere int

func (n everywhere) Children(context.Context, string) ([]string, error) {
	return make([]string, n), nil
}
