package shell

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"zook/completions"
)

type children []string

func (c children) Children(context.Context, string) ([]string, error) { return c, nil }

func TestSuggestionsFitTheTerminal(t *testing.T) {
	cands := []completions.Candidate{
		{Text: "/some/path/alpha", Description: strings.Repeat("long ", 20)},
		{Text: "/some/path/beta"},
	}
	for _, columns := range []int{20, 40, 80} {
		list, left := suggestions("ls /some/path/", cands, columns)
		if list[0].Text != "alpha" || list[1].Text != "beta" || left != 1 {
			t.Errorf("%d columns: %v, %d left of the cursor", columns, list, left)
		}
		if w := width(" " + list[0].Text + "  " + list[0].Description + "  "); w > columns {
			t.Errorf("%d columns: a row has %d", columns, w)
		}
	}
	list, left := suggestions(`ls '/my dir/al`, []completions.Candidate{{Text: "'/my dir/alpha'"}}, 80)
	if list[0].Text != "alpha'" || left != 3 {
		t.Errorf("got %v, %d left of the cursor", list, left)
	}
}

func TestCommonStartIsWhole(t *testing.T) {
	for want, texts := range map[string][]string{
		"/ab":    {"/abc", "/abd"},
		"/a":     {`/a\ b`, `/a\$c`}, // not half an escape
		"/日":     {"/日本", "/日曜"},
		`/a\\`:   {`/a\\b`, `/a\\c`},
		"/alone": {"/alone"},
		"":       {"a", "b"},
	} {
		var cands []completions.Candidate
		for _, s := range texts {
			cands = append(cands, completions.Candidate{Text: s})
		}
		if got := commonStart(cands); got != want {
			t.Errorf("%q share %q, want %q", texts, got, want)
		}
	}
}

func TestPromptFits(t *testing.T) {
	for _, c := range []struct {
		cwd     string
		columns int
		want    string
	}{
		{"", 80, "[zk 127.0.0.1:2181(CONNECTED) / 7] "},
		{"/brokers/topics", 80, "[zk 127.0.0.1:2181(CONNECTED) /brokers/topics 7] "},
		{"/a/very/long/path/to/somewhere/deep", 80, "[zk 127.0.0.1:2181(CONNECTED) …/deep 7] "},
		{"/brokers/topics", 40, "[CONNECTED …/topics 7] "},
		{"/brokers/atopicwithalongname", 40, "[CONNECTED …/atopicw… 7] "},
	} {
		if got := prefix("127.0.0.1:2181", "CONNECTED", c.cwd, 7, c.columns); got != c.want {
			t.Errorf("%s in %d columns: %q, want %q", c.cwd, c.columns, got, c.want)
		}
	}
}

// A key under a parent of 100,000 children, whose listing is there.
func BenchmarkKey(b *testing.B) {
	names := make(children, 100_000)
	for i := range names {
		names[i] = fmt.Sprintf("item-%05d", i)
	}
	m := newMenu(nil, names, func() {})
	for i := 0; b.Loop(); i++ {
		m.find(fmt.Sprintf("get /big/item-%02d", i%100), "/")
	}
}

func TestPanicOfACommandIsAnError(t *testing.T) {
	err := protect(func() error { panic("oh") })
	if err == nil || !strings.Contains(err.Error(), "mistake in zook") || !strings.Contains(err.Error(), "oh") {
		t.Errorf("got %v", err)
	}
}
