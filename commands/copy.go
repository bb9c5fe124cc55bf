package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/jute"
)

// This file is what cp and mv share.

// copied is what cp and mv print: a line for eyes, nothing to a program that asked
// for no format.
type copied struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Znodes  int64  `json:"znodes"`
	LeftOut int64  `json:"leftOut,omitempty"` // ephemerals
	did     string // Copied or Moved
}

func (c *copied) Text(w io.Writer, s Style) {
	if s.Terminal {
		fmt.Fprintf(w, "%s %s to %s, %s\n", c.did, printable(c.From), printable(c.To), znodes(s, c.Znodes))
	}
}

func (c *copied) Row(s Style) ([]string, [][]string) {
	return []string{"from", "to", "znodes"}, [][]string{{printable(c.From), printable(c.To), s.Count(c.Znodes)}}
}

// znodes is such as "1 znode" or "12,000 znodes".
func znodes(s Style, n int64) string {
	if n == 1 {
		return "1 znode"
	}
	return s.Count(n) + " znodes"
}

const targetHelp = `DST is the path of the new znode. If it ends in a slash, SRC keeps its name and goes
below: there may then be several. A DST that exists is refused, unless with --force.`

// targets splits arguments into sources and where they go: the path of the znode
// that a source becomes.
func (e *Env) targets(args []string) (sources []string, target func(from string) (string, error), err error) {
	sources, last := args[:len(args)-1], args[len(args)-1]
	into := strings.HasSuffix(last, "/")
	if len(sources) > 1 && !into {
		return nil, nil, usagef("several znodes go into a DST that ends in a slash, %s/", last)
	}
	to, err := e.Path(last)
	if err != nil {
		return nil, nil, err
	}
	return sources, func(from string) (string, error) {
		switch {
		case !into:
			return to, nil
		case from == "/":
			return "", usagef("/ has no name to keep in %s", to)
		}
		return jute.JoinPath(to, jute.BaseName(from)), nil
	}, nil
}

// isBelow reports whether path is below root.
func isBelow(path, root string) bool {
	return path != root && (root == "/" || strings.HasPrefix(path, root+"/"))
}

// rebase is the path of what is at path below from, once from is at to.
func rebase(path, from, to string) string {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, from), "/")
	if rest == "" {
		return to
	}
	return jute.JoinPath(to, rest)
}

// vacant refuses a target that exists, unless forced. It returns the stat of one
// that may be overwritten.
func (e *Env) vacant(ctx context.Context, to, does string) (*jute.Stat, error) {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	stat, err := e.exists(ctx, to, false)
	if err != nil {
		return nil, onPath(to, err)
	}
	if stat != nil && !e.Force {
		return nil, &Error{Path: to, Err: jute.ErrNodeExists, Hint: "--force " + does + " it"}
	}
	return stat, nil
}

// original is a znode to be copied.
type original struct {
	path string
	data []byte
	acl  []jute.ACL
	stat jute.Stat
}

// readOriginal reads a znode, and its ACL if withACL is set: else it is open.
func (e *Env) readOriginal(ctx context.Context, path string, withACL bool) (*original, error) {
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return nil, err
	}
	o := &original{path: path, acl: jute.OpenACL()}
	if o.data, o.stat, err = z.Get(ctx, path); err != nil {
		return nil, onPath(path, err)
	}
	if !withACL {
		return o, nil
	}
	if o.acl, _, err = z.ACL(ctx, path); err != nil {
		return nil, onPath(path, err)
	}
	for _, a := range o.acl {
		if a.ID.Scheme == "digest" && strings.HasSuffix(a.ID.ID, ":x") { // as the server masks it
			return nil, &Error{Path: path, Err: fmt.Errorf("%w: the server shows the digest in its ACL only to whom the ACL makes admin", jute.ErrNoAuth),
				Hint: "cp --no-acl copies without ACLs"}
		}
	}
	return o, nil
}

// createAt is the operation that creates a copy at a path.
func (o *original) createAt(path string) jute.Op {
	kind, ttl := kindOf(o.stat.EphemeralOwner)
	mode := map[string]jute.CreateMode{"container": jute.Container, "ttl": jute.PersistentTTL}[kind]
	return createOp(path, o.data, o.acl, mode, time.Duration(ttl)*time.Millisecond)
}

// isEphemeral reports whether a znode goes with its session, so that a copy would
// not be the same.
func isEphemeral(s *jute.Stat) bool {
	kind, _ := kindOf(s.EphemeralOwner)
	return kind == "ephemeral"
}

// copyBatch is how many znodes one request copies at most, and about how many
// bytes of data.
const (
	copyBatch      = 500
	copyBatchBytes = maxPacket / 2
)

// treeCopy copies znodes, parents first, several in one request.
type treeCopy struct {
	env       *Env
	from, to  string
	withACL   bool
	overwrite bool // what exists gets the data and the ACL of the original
	progress  *progress
	onCopy    func(*original) // sees each original before it is written; may be nil

	batch []string // paths of originals
	bytes int64
	done  int64 // znodes
}

// add has the znode at path copied, by the next flush at the latest. size is that
// of its data.
func (c *treeCopy) add(ctx context.Context, path string, size int32) error {
	c.batch = append(c.batch, path)
	c.bytes += int64(size) + int64(len(path))
	if len(c.batch) < copyBatch && c.bytes < copyBatchBytes {
		return nil
	}
	return c.flush(ctx)
}

// flush copies what is left. Originals that have gone meanwhile are left out.
func (c *treeCopy) flush(ctx context.Context) error {
	paths := c.batch
	c.batch, c.bytes = nil, 0
	read := make([]*original, len(paths))
	err := parallel(ctx, readsInFlight, len(paths), func(ctx context.Context, i int) (err error) {
		read[i], err = c.env.readOriginal(ctx, paths[i], c.withACL)
		if noNode(err) && paths[i] != c.from {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	var some []*original
	size := 0
	for _, o := range read {
		if o == nil {
			continue
		}
		if c.onCopy != nil {
			c.onCopy(o)
		}
		n := multiSize([]jute.Op{o.createAt(c.target(o))})
		if size+n > maxPacket && len(some) > 0 {
			if err := c.write(ctx, some); err != nil {
				return err
			}
			some, size = nil, 0
		}
		some, size = append(some, o), size+n
	}
	return c.write(ctx, some)
}

func (c *treeCopy) target(o *original) string { return rebase(o.path, c.from, c.to) }

// write creates the copies, in one request if that succeeds.
func (c *treeCopy) write(ctx context.Context, some []*original) error {
	if len(some) == 0 {
		return nil
	}
	ops := make([]jute.Op, len(some))
	for i, o := range some {
		ops[i] = o.createAt(c.target(o))
	}
	z, err := c.env.Znodes(ctx)
	if err != nil {
		return err
	}
	// What has been sent is seen through: then the count is right.
	sent, cancel := c.env.answerIn(context.WithoutCancel(ctx))
	defer cancel()
	results, err := z.Multi(sent, ops)
	switch i := failedOp(results); {
	case err == nil:
		c.count(len(some))
		return nil
	case c.overwrite && errors.Is(err, jute.ErrNodeExists):
		return c.writeEach(ctx, z, some)
	case i >= 0 && i < len(some):
		path := c.target(some[i])
		return onPath(path, c.explain(sent, z, path, err))
	}
	return unsure(err)
}

// writeEach creates the copies one by one, and overwrites what exists.
func (c *treeCopy) writeEach(ctx context.Context, z Znodes, some []*original) error {
	for _, o := range some {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.writeOne(ctx, z, o); err != nil {
			return err
		}
		c.count(1)
	}
	return nil
}

func (c *treeCopy) writeOne(ctx context.Context, z Znodes, o *original) error {
	ctx, cancel := c.env.answerIn(context.WithoutCancel(ctx))
	defer cancel()
	path := c.target(o)
	_, err := z.Multi(ctx, []jute.Op{o.createAt(path)})
	if errors.Is(err, jute.ErrNodeExists) {
		if _, err = z.Set(ctx, path, o.data, -1); err == nil && c.withACL {
			_, err = z.SetACL(ctx, path, o.acl, -1)
		}
	}
	return onPath(path, c.explain(ctx, z, path, err))
}

// explain is explainCreate, and knows that a parent may be a copy.
func (c *treeCopy) explain(ctx context.Context, z Znodes, path string, err error) error {
	if errors.Is(err, jute.ErrNoAuth) && path != c.to {
		return &Error{Path: path, Err: fmt.Errorf("%w: the ACL of %s, copied too, does not let you create below it", err, jute.ParentPath(path)),
			Hint: "cp --no-acl copies without ACLs"}
	}
	return explainCreate(ctx, z, path, err)
}

func (c *treeCopy) count(n int) {
	c.done += int64(n)
	c.progress.done.Add(int64(n))
}

// eachSource calls do for each source and its target, in the way of eachPath.
func (e *Env) eachSource(cmd *cobra.Command, args []string, do func(p *Printer, from, to string) error) error {
	sources, target, err := e.targets(args)
	if err != nil {
		return err
	}
	p := e.Printer(len(sources) > 1)
	return e.eachRoot(cmd, p, sources, func(from string) error {
		to, err := target(from)
		if err != nil {
			return err
		}
		if from == to {
			return usagef("%s and DST are the same znode", from)
		}
		if err := e.protect(to); err != nil {
			return err
		}
		return do(p, from, to)
	})
}

// soFar adds to an error how far the work got. The error is about the znode that
// it names, or about path.
func soFar(path string, err error, how string) error {
	var known *Error
	hint := ""
	if errors.As(err, &known) {
		path, err, hint = known.Path, known.Err, known.Hint
	}
	return &Error{Path: path, Err: fmt.Errorf("%w (%s)", err, how), Hint: hint}
}
