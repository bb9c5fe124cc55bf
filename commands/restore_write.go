package commands

import (
	"context"
	"errors"
	"fmt"

	"zook/jute"
)

// multisInFlight is how many requests of a restore are under way at a time.
const multisInFlight = 8

// write does what look has found to be done.
func (r *liveRestore) write(ctx context.Context) error {
	shown := r.env.progress("restored")
	defer shown.Finish()
	shown.total.Store(r.total + int64(len(r.extras)+len(r.acls)))
	w := &multiWriter{r: r, shown: shown}
	err := r.send(ctx, w)
	if werr := w.finish(); werr != nil {
		err = werr // what the server said first
	}
	if err != nil {
		return err
	}
	return r.setACLs(ctx, shown)
}

// send sends the operations: parents come before their children, and what is
// deleted last.
func (r *liveRestore) send(ctx context.Context, w *multiWriter) error {
	for _, path := range r.above {
		if err := w.add(ctx, createOp(path, nil, jute.OpenACL(), jute.Persistent, 0)); err != nil {
			return err
		}
	}
	r.result.Ephemerals, r.result.System = 0, 0 // target counts them again
	_, err := r.tree.read(ctx, savedVisit{loose: true, znode: func(z *savedZnode) error {
		path, ok := r.target(z)
		if !ok {
			return nil
		}
		has, there := r.there[path]
		switch {
		case !there:
			return w.add(ctx, r.creation(path, z))
		case has&setsData != 0:
			return w.add(ctx, jute.Op{Type: jute.OpSetData, Body: &jute.SetDataRequest{Path: path, Data: z.data, Version: -1}})
		}
		return nil
	}})
	if err != nil {
		return err
	}
	for _, path := range r.extras {
		if err := w.add(ctx, deleteOp(path, -1)); err != nil {
			return err
		}
	}
	return w.send()
}

// setACLs sets ACLs, which no multi can. They come last, since they may take away
// the right to do the rest.
func (r *liveRestore) setACLs(ctx context.Context, shown *progress) error {
	done := make([]bool, len(r.acls))
	err := parallel(ctx, readsInFlight, len(r.acls), func(ctx context.Context, i int) error {
		ctx, cancel := r.env.answerIn(context.WithoutCancel(ctx))
		defer cancel()
		_, err := r.session.SetACL(ctx, r.acls[i].path, r.acls[i].acl, -1)
		if done[i] = err == nil; done[i] {
			shown.done.Add(1)
		}
		return onPath(r.acls[i].path, unsure(err))
	})
	for _, ok := range done {
		if ok {
			r.result.ACLSet++
		}
	}
	return err
}

// multiWriter gathers operations into multis and has several of them under way,
// which the server does in the order in which they were sent.
type multiWriter struct {
	r     *liveRestore
	shown *progress

	ops   []jute.Op
	bytes int
	sent  []sentMulti // the oldest first
	err   error       // the first
}

type sentMulti struct {
	ops  []jute.Op
	wait func(context.Context) ([]jute.OpResult, error)
}

// add has an operation done. Its data may change once add has returned.
func (w *multiWriter) add(ctx context.Context, op jute.Op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	size := multiSize([]jute.Op{op})
	if len(w.ops) > 0 && (len(w.ops) == copyBatch || w.bytes+size > copyBatchBytes) {
		if err := w.send(); err != nil {
			return err
		}
	}
	ownData(op)
	w.ops, w.bytes = append(w.ops, op), w.bytes+size
	return nil
}

// ownData gives an operation data of its own.
func ownData(op jute.Op) {
	own := func(data *[]byte) {
		if *data != nil {
			*data = append([]byte{}, *data...)
		}
	}
	switch body := op.Body.(type) {
	case *jute.CreateRequest:
		own(&body.Data)
	case *jute.CreateTTLRequest:
		own(&body.Data)
	case *jute.SetDataRequest:
		own(&body.Data)
	}
}

// send sends what was gathered, and waits if too much is under way.
func (w *multiWriter) send() error {
	if len(w.ops) == 0 || w.err != nil {
		return w.err
	}
	wait, err := w.r.session.StartMulti(w.ops)
	if err != nil {
		_, path := describe(w.ops[0])
		w.err = onPath(path, err)
		return w.err
	}
	w.sent = append(w.sent, sentMulti{w.ops, wait})
	w.ops, w.bytes = nil, 0
	if len(w.sent) == multisInFlight {
		w.answer()
	}
	return w.err
}

// finish waits for all that was sent: that is seen through, so that the counts are
// right.
func (w *multiWriter) finish() error {
	for len(w.sent) > 0 {
		w.answer()
	}
	return w.err
}

// answer takes the answer to the oldest multi under way.
func (w *multiWriter) answer() {
	m := w.sent[0]
	w.sent = w.sent[1:]
	ctx, cancel := w.r.env.answerIn(context.Background())
	defer cancel()
	results, err := m.wait(ctx)
	if err == nil {
		for _, op := range m.ops {
			w.count(op)
		}
		return
	}
	if w.err == nil {
		w.err = w.explain(ctx, m.ops, results, err)
	}
}

func (w *multiWriter) count(op jute.Op) {
	w.shown.done.Add(1)
	switch action, _ := describe(op); action {
	case "create":
		w.r.result.Created++
	case "set":
		w.r.result.Set++
	case "delete":
		w.r.result.Deleted++
	}
}

// explain says which operation failed, and why.
func (w *multiWriter) explain(ctx context.Context, ops []jute.Op, results []jute.OpResult, err error) error {
	i := failedOp(results)
	if i < 0 || i >= len(ops) {
		return unsure(err)
	}
	switch action, path := describe(ops[i]); {
	case errors.Is(err, jute.ErrNoAuth) && action == "set":
		return &Error{Path: path, Err: err, Hint: "its ACL (getAcl) wants another identity (--auth scheme:data, or addauth)"}
	case errors.Is(err, jute.ErrNoAuth):
		return &Error{Path: path, Err: fmt.Errorf("%w: the ACL of %s does not let you %s below it", err, jute.ParentPath(path), action),
			Hint: "--auth scheme:data gives another identity, --no-acl restores without ACLs"}
	case errors.Is(err, jute.ErrInvalidACL):
		return &Error{Path: path, Err: err, Hint: "the server does not know a scheme in it; --no-acl restores without ACLs"}
	case errors.Is(err, jute.ErrNodeExists), action != "create" && noNode(err), errors.Is(err, jute.ErrNotEmpty):
		return &Error{Path: path, Err: fmt.Errorf("%w: somebody else is at work there", err)}
	case action == "create":
		return onPath(path, explainCreate(ctx, w.r.session, path, err))
	default:
		return onPath(path, err)
	}
}

// describe names what an operation of a restore was to do.
func describe(op jute.Op) (action, path string) {
	switch body := op.Body.(type) {
	case *jute.CreateRequest:
		return "create", body.Path
	case *jute.CreateTTLRequest:
		return "create", body.Path
	case *jute.SetDataRequest:
		return "set", body.Path
	case *jute.DeleteRequest:
		return "delete", body.Path
	}
	return fmt.Sprintf("%v", op.Type), ""
}
