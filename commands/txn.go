package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zook/completions"
	"zook/jute"
)

// txnResult is what txn prints of one operation.
type txnResult struct {
	Op   string `json:"op"`   // create, set, delete or check
	Path string `json:"path"` // of a sequential znode as the server named it
	Stat *Stat  `json:"stat,omitempty"`
}

func (r *txnResult) Text(w io.Writer, s Style) {
	if !s.Terminal {
		fmt.Fprintf(w, "%s %s\n", r.Op, printable(r.Path))
		return
	}
	did := map[string]string{"create": "Created", "set": "Set", "delete": "Deleted", "check": "Checked"}[r.Op]
	fmt.Fprintf(w, "%s %s\n", did, printable(r.Path))
}

func (r *txnResult) Row(Style) ([]string, [][]string) {
	version := ""
	if r.Stat != nil {
		version = fmt.Sprint(r.Stat.Version)
	}
	return []string{"op", "path", "version"}, [][]string{{r.Op, printable(r.Path), version}}
}

func newTxn(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "txn OPERATION [; OPERATION]...",
		Short: "Do several operations, all or none",
		Long: `Do several operations in one transaction (a multi): all of them or, if one fails, none.

  create [-e] [-s] [-c] [-t TTL] [--acl ACL] PATH [DATA [ACL]]
  set    [-v VERSION] PATH DATA
  delete [-v VERSION] PATH
  check  PATH [VERSION]                it exists, and its data has that version

Operations are separated by a ; that is a word of its own. A shell wants it quoted; or
quote the whole, in which a ; need have no blanks around it. Without operations, and
with -, they are read from standard input, one a line; # starts a comment.

` + dataHelp + `

The exit code is that of the operation that failed.`,
		Example: `  zook txn create /a x ';' set /b y -v 3 ';' delete /c ';' check /d 5
  zook txn 'create /a "x y"; set /b @data.json'
  zook txn -o json < operations.txt`,
		Annotations:       map[string]string{ownWords: "yes"},
		ValidArgsFunction: completeOps(env),
		RunE: func(cmd *cobra.Command, args []string) error {
			ops, err := env.readOps(args)
			if err != nil {
				return err
			}
			return env.transact(cmd.Context(), ops)
		},
	}
	// Each operation parses its own: here they are for help and completion.
	createFlags(cmd.Flags(), &createOptions{}, new(string))
	versionFlag(cmd.Flags(), new(int32))
	return cmd
}

// completeOps completes the names of operations and their paths.
func completeOps(env *Env) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, partial string) ([]cobra.Completion, cobra.ShellCompDirective) {
		words := args[1+lastIndex(args, ";"):]
		switch len(words) {
		case 0:
			return []cobra.Completion{"check", "create", "delete", "set"}, cobra.ShellCompDirectiveNoFileComp
		case 1:
			return env.completePaths(-1)(cmd, words[1:], partial)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

func lastIndex(words []string, word string) int {
	for i, w := range slices.Backward(words) {
		if w == word {
			return i
		}
	}
	return -1
}

// readOps reads the operations that the arguments are, or standard input.
func (e *Env) readOps(args []string) ([]*txnOp, error) {
	p := &opParser{env: e}
	switch {
	case len(args) == 0 && !e.Piped:
		return nil, usagef("an operation is wanted, or - to read them from standard input (zook txn --help)")
	case len(args) == 0, len(args) == 1 && args[0] == "-":
		text, err := e.readData("-")
		if err != nil {
			return nil, err
		}
		p.fromInput = true
		return p.lines(string(text))
	case len(args) == 1:
		return p.lines(args[0])
	}
	for _, words := range splitAt(args, ";") {
		if err := p.add(words); err != nil {
			return nil, err
		}
	}
	return p.ops, p.empty()
}

// splitAt cuts words at each one that is sep. Nothing between two is nothing.
func splitAt(words []string, sep string) (parts [][]string) {
	for len(words) > 0 {
		end := slices.Index(words, sep)
		if end == -1 {
			end = len(words)
		}
		if end > 0 {
			parts = append(parts, words[:end])
		}
		words = words[min(end+1, len(words)):]
	}
	return parts
}

// transact does the operations in one request, and prints the result of each.
func (e *Env) transact(ctx context.Context, ops []*txnOp) error {
	multi := make([]jute.Op, len(ops))
	var deletes []string
	for i, op := range ops {
		multi[i] = op.Op
		if op.Type == jute.OpDelete {
			deletes = append(deletes, op.path)
		}
	}
	if err := e.fitsOneRequest(multi); err != nil {
		return err
	}
	if len(deletes) > 1 {
		if err := e.confirm(ctx, "Delete "+several(deletes)+"?"); err != nil {
			return err
		}
	}
	ctx, cancel := e.answerIn(ctx)
	defer cancel()
	z, err := e.Znodes(ctx)
	if err != nil {
		return err
	}
	results, err := z.Multi(ctx, multi)
	if err != nil {
		return explainTxn(ctx, z, ops, results, err)
	}
	if len(results) != len(ops) {
		return fmt.Errorf("the server answered %d operations with %d results", len(ops), len(results))
	}
	p := e.Printer(true)
	for i, op := range ops {
		if err := p.Print(op.result(results[i])); err != nil {
			return err
		}
	}
	return p.Close()
}

// fitsOneRequest refuses operations that are too large for a server to answer.
func (e *Env) fitsOneRequest(ops []jute.Op) error {
	if size := multiSize(ops); size > maxPacket && !e.Force {
		return &Error{
			Err:  fmt.Errorf("the operations are %d bytes, more than the 1 MB that servers take", size),
			Hint: "--force sends them, to a server with a larger jute.maxbuffer",
		}
	}
	return nil
}

// multiSize is how large a request of ops is, in bytes.
func multiSize(ops []jute.Op) int {
	const header = 8 // xid and op code
	return header + len((&jute.MultiRequest{Ops: ops}).Append(nil))
}

// explainTxn says which operation failed, and what that means for the others.
func explainTxn(ctx context.Context, z Znodes, ops []*txnOp, results []jute.OpResult, err error) error {
	i := failedOp(results)
	if i < 0 || i >= len(ops) {
		return unsure(err)
	}
	op := ops[i]
	why := explainVersion(ctx, z, op.path, op.version, err, dataVersion)
	var hint string
	switch {
	case op.name == "create" && noNode(err):
		why = fmt.Errorf("%w: its parent %s does not exist", err, jute.ParentPath(op.path))
	case op.name == "create":
		var known *Error
		if errors.As(explainCreate(ctx, z, op.path, err), &known) {
			why, hint = known.Err, known.Hint
		}
	case op.name == "delete" && errors.Is(err, jute.ErrNoAuth):
		hint = deleteHint(op.path)
	}
	return &Error{
		Err:  fmt.Errorf("operation %d of %d, %s %s: %w; nothing was changed", i+1, len(ops), op.name, op.path, why),
		Hint: hint,
	}
}

// failedOp is which operation of a multi made it fail, -1 if none is named.
func failedOp(results []jute.OpResult) int {
	return slices.IndexFunc(results, func(r jute.OpResult) bool {
		return r.Err != jute.ErrOK && r.Err != jute.ErrRuntimeInconsistency
	})
}

// unsure says of a write whose answer never came that it may have been done.
func unsure(err error) error {
	if errors.Is(err, jute.ErrConnectionLoss) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; it may have been done or not", err)
	}
	return err
}

// opParser parses the operations of a txn, each as a command of a tree of its
// own, so that they are written as those of zook and with zkCli's habits.
type opParser struct {
	env       *Env
	fromInput bool // operations are read from standard input: data cannot
	ops       []*txnOp
}

// lines parses text that holds several operations.
func (p *opParser) lines(text string) ([]*txnOp, error) {
	for _, line := range cutOps(text) {
		words, err := completions.Split(line)
		if err != nil {
			return nil, usagef("operation %d: %v", len(p.ops)+1, err)
		}
		if err := p.add(words); err != nil {
			return nil, err
		}
	}
	return p.ops, p.empty()
}

func (p *opParser) empty() error {
	if len(p.ops) == 0 {
		return usagef("there is no operation")
	}
	return nil
}

// add parses one operation.
func (p *opParser) add(words []string) error {
	n := len(p.ops) + 1
	root := &cobra.Command{Use: "txn", SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}}
	root.SetOut(io.Discard) // of --help
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(p.create(), p.set(), p.delete(), p.check())
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	if !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, words[0]) }) {
		text := fmt.Sprintf("operation %d: there is no operation %q; there are %s", n, words[0], strings.Join(names, ", "))
		return usagef("%s", text)
	}
	for i, word := range words[1:] {
		if next := i + 2; strings.HasSuffix(word, ";") && next < len(words) && slices.Contains(names, words[next]) {
			return usagef("operation %d: a blank is wanted before the ; of %q", n, word)
		}
	}
	words, err := modern(root, words)
	if err != nil {
		return err
	}
	root.SetArgs(words)
	if err = root.Execute(); err == nil && len(p.ops) < n {
		err = usagef("zook txn --help explains it")
	}
	if err != nil {
		return fmt.Errorf("operation %d: %w", n, err)
	}
	return nil
}
