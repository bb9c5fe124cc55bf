package commands

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"zook/client"
	"zook/jute"
)

// checkSession is the session of the checks that look at znodes.
type checkSession struct {
	*client.Client
	events eventQueue
}

// session opens it once.
func (c *checking) session(ctx context.Context) (*checkSession, error) {
	if c.opened == nil && c.refused == nil {
		s := &checkSession{}
		own := c.env.own()
		own.OnState, own.OnEvent = s.events.state, s.events.push
		if own.Connect.SessionTimeout == 0 { // what a check leaves behind that is killed goes as soon
			own.Connect.SessionTimeout = cmp.Or(own.Connect.Timeout, defaultTimeout)
		}
		if s.Client, c.refused = own.Session(ctx); c.refused == nil {
			c.opened = s
		}
	}
	return c.opened, c.refused
}

// close ends the session, and with it what is left of a canary.
func (c *checking) close() {
	if c.opened != nil {
		c.opened.Close()
	}
}

// explained is an error as a result says it.
func explained(err error) string { return strings.TrimPrefix(Explain(err), "zook: ") }

// checkPaths judges each --path by its children.
func checkPaths(ctx context.Context, c *checking, result func() *checkResult) (all []*checkResult) {
	for _, arg := range c.paths {
		r := result()
		all = append(all, r)
		r.Path = arg
		path, err := c.env.Path(arg)
		if err != nil {
			r.fail(healthUnknown, "%s", explained(err))
			continue
		}
		r.Path = path
		s, err := c.session(ctx)
		if err != nil {
			r.fail(healthCritical, "%s", explained(err))
			continue
		}
		stat, err := s.Exists(ctx, path)
		switch {
		case err != nil:
			r.fail(healthCritical, "%s", explained(err))
		case stat == nil:
			r.fail(healthCritical, "no such node")
		default:
			r.set(float64(stat.NumChildren), "%d children", stat.NumChildren)
			if r.Status != healthOK {
				limit := r.Warn
				if r.beyond(r.Crit) {
					limit = r.Crit
				}
				r.Text += fmt.Sprintf(", %s are wanted", unitCounts.text(*limit))
			}
		}
	}
	return all
}

// checkCanary writes an ephemeral znode, reads it, hears of its change, and deletes it.
// It goes with the session whatever happens.
func checkCanary(ctx context.Context, c *checking, result func() *checkResult) []*checkResult {
	r := result()
	r.Path = c.canary
	path, err := c.env.Path(c.canary)
	if err != nil {
		r.fail(healthUnknown, "%s", explained(err))
		return []*checkResult{r}
	}
	if r.Path = path; path == "/" { // servers keep metrics of each child of /, for ever
		r.fail(healthUnknown, "name a znode below /, so that servers do not keep metrics of every canary")
		return []*checkResult{r}
	}
	s, err := c.session(ctx)
	if err != nil {
		r.fail(healthCritical, "%s", explained(err))
		return []*checkResult{r}
	}
	start := time.Now()
	steps, err := s.sing(ctx, path)
	took := float64(time.Since(start)) / float64(time.Millisecond)
	if err != nil {
		r.fail(healthCritical, "%s", explained(err))
	} else {
		r.set(took, "%s at %s: %s", unitMillis.text(took), s.Server(), steps)
	}
	return []*checkResult{r}
}

// sing goes through the steps of a canary below path, and says how long each took.
func (s *checkSession) sing(ctx context.Context, path string) (steps string, err error) {
	var znode string
	var took []string
	first, second := []byte(rand.Text()), []byte(rand.Text())
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"create", func() (err error) {
			znode, _, err = s.Create(ctx, jute.JoinPath(path, "zook-canary-"), first, jute.OpenACL(), jute.EphemeralSequential, 0)
			return err
		}},
		{"read", func() error {
			data, _, err := s.GetW(ctx, znode)
			if err == nil && !bytes.Equal(data, first) {
				err = errors.New("other data is read than was written")
			}
			return err
		}},
		{"write", func() error {
			_, err := s.Set(ctx, znode, second, 0)
			return err
		}},
		{"watch", func() error { return s.hears(ctx, jute.EventNodeDataChanged, znode) }},
		{"delete", func() error { return s.Delete(ctx, znode, 1) }},
	} {
		start := time.Now()
		if err := step.do(); err != nil {
			return "", fmt.Errorf("%s: %w", step.name, err)
		}
		took = append(took, fmt.Sprintf("%s %s", step.name, unitMillis.text(float64(time.Since(start))/float64(time.Millisecond))))
	}
	return strings.Join(took, ", "), nil
}

// hears waits for an event.
func (s *checkSession) hears(ctx context.Context, t jute.EventType, path string) error {
	for {
		e, err := s.events.next(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("no event has come: %w", err)
		case e.Type == t && e.Path == path:
			return nil
		case e.Type == jute.EventNone && e.State == jute.StateExpired:
			return jute.ErrSessionExpired
		}
	}
}

// checkFilesystem judges how full the file system is that holds a directory.
func checkFilesystem(_ context.Context, c *checking, result func() *checkResult) []*checkResult {
	r := result()
	total, free, err := fileSystem(c.filesystem)
	if err == nil && total == 0 {
		err = fmt.Errorf("%s: a file system without a size", c.filesystem)
	}
	if err != nil {
		r.fail(healthUnknown, "%s", explained(err))
		return []*checkResult{r}
	}
	used := 100 * (1 - float64(free)/float64(total))
	r.set(used, "%s of %s hold %s, %s are free", unitPercent.text(used), unitBytes.text(float64(total)), c.filesystem, unitBytes.text(float64(free)))
	return []*checkResult{r}
}
