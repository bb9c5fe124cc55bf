package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"zook/jute"
)

// forest is a tree for walks: names of children by path.
type forest map[string][]string

func (f forest) read(_ context.Context, path string) ([]string, int, error) {
	time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond) // answers come in any order
	names, ok := f[path]
	if !ok {
		return nil, 0, jute.ErrNoNode
	}
	return names, len(path), nil
}

// grow adds a tree of n children a znode.
func (f forest) grow(path string, depth, n int) {
	f[path] = nil
	for i := 0; i < n && depth > 0; i++ {
		name := fmt.Sprintf("n%d", i)
		f[path] = append(f[path], name)
		f.grow(jute.JoinPath(path, name), depth-1, n)
	}
}

// inOrder is the order in which a walk is to visit.
func (f forest) inOrder(path string, out []string) []string {
	out = append(out, path)
	for _, name := range f[path] {
		out = f.inOrder(jute.JoinPath(path, name), out)
	}
	return out
}

func TestWalkIsDepthFirstAndInOrder(t *testing.T) {
	f := forest{}
	f.grow("/top", 4, 7)
	var got []string
	err := walk(t.Context(), "/top", f.read, func(v visited[int]) error {
		if v.Err != nil || v.Value != len(v.Path) {
			t.Errorf("%s: value %d, %v", v.Path, v.Value, v.Err)
		}
		got = append(got, v.Path)
		return nil
	})
	if want := f.inOrder("/top", nil); err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v: visited %d znodes, want %d in order", err, len(got), len(want))
	}
}

func TestWalkLeavesOutWhatIsGone(t *testing.T) {
	f := forest{"/": {"gone", "here"}, "/here": nil}
	var got []string
	err := walk(t.Context(), "/", f.read, func(v visited[int]) error {
		got = append(got, v.Path)
		return nil
	})
	if err != nil || strings.Join(got, " ") != "/ /here" {
		t.Errorf("got %v, %v", got, err)
	}
	if err := walk(t.Context(), "/nope", f.read, func(visited[int]) error { return nil }); ExitCode(err) != ExitNoNode {
		t.Errorf("without a root: %v", err)
	}
}

func TestWalkStops(t *testing.T) {
	f := forest{}
	f.grow("/", 4, 7)
	full := errors.New("full")
	visits := 0
	err := walk(t.Context(), "/", f.read, func(visited[int]) error {
		if visits++; visits == 10 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || visits != 10 {
		t.Errorf("%v after %d visits, want the error of the tenth", err, visits)
	}
	ctx, cancel := context.WithCancel(t.Context())
	visits = 0
	err = walk(ctx, "/", f.read, func(visited[int]) error {
		if visits++; visits == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || visits != 10 {
		t.Errorf("%v after %d visits, want it to end with its context at the tenth", err, visits)
	}
}

// A znode that cannot be read is visited with its error, and the walk goes on.
func TestWalkGoesOnAfterAnError(t *testing.T) {
	f := forest{"/": {"a", "b"}, "/a": nil, "/b": nil}
	var got []string
	err := walk(t.Context(), "/", func(ctx context.Context, path string) ([]string, int, error) {
		if path == "/a" {
			return nil, 0, jute.ErrNoAuth
		}
		return f.read(ctx, path)
	}, func(v visited[int]) error {
		got = append(got, fmt.Sprint(v.Path, " ", v.Err))
		return nil
	})
	if err != nil || strings.Join(got, ", ") != "/ <nil>, /a not authorised, /b <nil>" {
		t.Errorf("got %q, %v", got, err)
	}
}
