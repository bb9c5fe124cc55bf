package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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
	path     string
	data     []byte
	acl      []jute.ACL
	stat     jute.Stat
	children []string // names
}

// createAt is the operation that creates a copy at a path. It is persistent:
// servers do not tell which znodes are containers or have a TTL.
func (o *original) createAt(path string) jute.Op {
	return createOp(path, o.data, o.acl, jute.Persistent, 0)
}

// isEphemeral reports whether a znode goes with its session, so that a copy would
// not be the same.
func isEphemeral(s *jute.Stat) bool {
	kind, _ := kindOf(s.EphemeralOwner)
	return kind == "ephemeral"
}

var errEphemeral = errors.New("it is ephemeral: elsewhere it would not go with its session")

// treeRead is what readTree reads.
type treeRead struct {
	root      string
	recursive bool // all below it too
	withACL   bool // else ACLs are open
}

// readTree reads znodes and calls take with some of them at a time, parents before
// their children. What goes away meanwhile is left out; it is an error only for
// the root.
func (e *Env) readTree(ctx context.Context, r treeRead, take func(some []*original) error) error {
	todo := []string{r.root}
	for len(todo) > 0 {
		from := max(0, len(todo)-readsInFlight)
		paths := todo[from:]
		read := make([]*original, len(paths))
		err := parallel(ctx, readsInFlight, len(paths), func(ctx context.Context, i int) (err error) {
			read[i], err = e.readOriginal(ctx, paths[i], r)
			if noNode(err) && paths[i] != r.root {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		todo = todo[:from]
		read = slices.DeleteFunc(read, func(o *original) bool { return o == nil })
		for _, o := range read {
			for _, name := range o.children {
				todo = append(todo, jute.JoinPath(o.path, name))
			}
		}
		if err := take(read); err != nil {
			return err
		}
	}
	return nil
}

func (e *Env) readOriginal(ctx context.Context, path string, r treeRead) (*original, error) {
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
	if r.recursive && o.stat.NumChildren > 0 {
		if o.children, _, err = z.Children(ctx, path); err != nil {
			return nil, onPath(path, err)
		}
	}
	if !r.withACL {
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

// One request copies at most so many znodes, and about so many bytes.
const (
	copyBatch      = 500
	copyBatchBytes = maxPacket / 2
)

// treeCopy copies trees, several znodes in one request.
type treeCopy struct {
	env       *Env
	from, to  string
	recursive bool
	withACL   bool
	overwrite bool // what exists gets the data and the ACL of the original
	progress  *progress
	onCopy    func(*original) // sees each original before it is written; may be nil

	batch   []*original
	bytes   int
	done    int64 // znodes
	leftOut int64 // ephemerals
}

func (c *treeCopy) run(ctx context.Context) error {
	err := c.env.readTree(ctx, treeRead{c.from, c.recursive, c.withACL}, func(some []*original) error {
		for _, o := range some {
			if isEphemeral(&o.stat) {
				c.leftOut++
			} else if err := c.add(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.write(ctx)
}

// add has a znode copied, with others.
func (c *treeCopy) add(ctx context.Context, o *original) error {
	if c.onCopy != nil {
		c.onCopy(o)
	}
	size := multiSize([]jute.Op{o.createAt(c.target(o))})
	if c.bytes+size > copyBatchBytes || len(c.batch) == copyBatch {
		if err := c.write(ctx); err != nil {
			return err
		}
	}
	c.batch, c.bytes = append(c.batch, o), c.bytes+size
	return nil
}

func (c *treeCopy) target(o *original) string { return rebase(o.path, c.from, c.to) }

// write creates the copies of the batch, in one request if that succeeds.
func (c *treeCopy) write(ctx context.Context) error {
	some := c.batch
	c.batch, c.bytes = nil, 0
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
