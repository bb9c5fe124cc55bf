package client

import (
	"context"
	"fmt"

	"zook/jute"
)

// Multi does all of ops or none: creates (with a *jute.CreateRequest or
// *jute.CreateTTLRequest), *jute.DeleteRequest, *jute.SetDataRequest and
// *jute.CheckVersionRequest. If one fails the error is its, and the results tell
// which one it was: those before it have jute.ErrOK, those after it
// jute.ErrRuntimeInconsistency. Apache's server answers a create2 in a multi with
// a *jute.CreateResponse, without the stat.
func (c *Client) Multi(ctx context.Context, ops []jute.Op) ([]jute.OpResult, error) {
	results, err := c.multi(ctx, jute.OpMulti, ops)
	return results, firstError(results, err)
}

// StartMulti is Multi for those who want several under way: it returns once ops
// have been sent, and wait waits for the answer. Servers do what one session sends
// in the order in which it was sent.
func (c *Client) StartMulti(ops []jute.Op) (wait func(context.Context) ([]jute.OpResult, error), err error) {
	req, err := c.multiRequest(ops)
	if err != nil {
		return nil, err
	}
	w, err := c.begin(jute.OpMulti, req, nil)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) ([]jute.OpResult, error) {
		results, err := c.multiResults(func(r *jute.MultiResponse) error { return c.await(ctx, w, r) })
		return results, firstError(results, err)
	}, nil
}

// firstError is err, else that of the first operation that failed.
func firstError(results []jute.OpResult, err error) error {
	for _, r := range results {
		if err == nil && r.Err != jute.ErrOK {
			return r.Err
		}
	}
	return err
}

// MultiRead does all of ops, with a *jute.GetDataRequest or a
// *jute.GetChildrenRequest each, at one moment (servers since 3.6). Each result
// has an error of its own.
func (c *Client) MultiRead(ctx context.Context, ops []jute.Op) ([]jute.OpResult, error) {
	return c.multi(ctx, jute.OpMultiRead, ops)
}

func (c *Client) multi(ctx context.Context, op jute.OpCode, ops []jute.Op) ([]jute.OpResult, error) {
	if len(ops) == 0 {
		return nil, nil
	}
	req, err := c.multiRequest(ops)
	if err != nil {
		return nil, err
	}
	return c.multiResults(func(r *jute.MultiResponse) error { return c.do(ctx, op, req, r, nil) })
}

func (c *Client) multiRequest(ops []jute.Op) (*jute.MultiRequest, error) {
	req := &jute.MultiRequest{Ops: make([]jute.Op, len(ops))}
	for i, o := range ops {
		body, err := c.rooted(o.Body)
		if err != nil {
			return nil, err
		}
		req.Ops[i] = jute.Op{Type: o.Type, Body: body}
	}
	return req, nil
}

// multiResults are the results in the answer that receive waits for.
func (c *Client) multiResults(receive func(*jute.MultiResponse) error) ([]jute.OpResult, error) {
	var r jute.MultiResponse
	if err := receive(&r); err != nil {
		return nil, err
	}
	for _, res := range r.Results {
		switch b := res.Body.(type) {
		case *jute.CreateResponse:
			b.Path = c.strip(b.Path)
		case *jute.Create2Response:
			b.Path = c.strip(b.Path)
		}
	}
	return r.Results, nil
}

// rooted is a copy of an operation's body with the chroot before its path, which
// it checks.
func (c *Client) rooted(body jute.Record) (jute.Record, error) {
	var err error
	switch b := body.(type) {
	case *jute.CreateRequest:
		r := *b
		r.Path, err = c.createPath(b.Path, b.Flags)
		return &r, err
	case *jute.CreateTTLRequest:
		r := *b
		r.Path, err = c.createPath(b.Path, b.Flags)
		return &r, err
	case *jute.DeleteRequest:
		r := *b
		r.Path, err = c.serverPath(b.Path)
		return &r, err
	case *jute.SetDataRequest:
		r := *b
		r.Path, err = c.serverPath(b.Path)
		return &r, err
	case *jute.CheckVersionRequest:
		r := *b
		r.Path, err = c.serverPath(b.Path)
		return &r, err
	case *jute.GetDataRequest:
		r := *b
		r.Path, err = c.serverPath(b.Path)
		return &r, err
	case *jute.GetChildrenRequest:
		r := *b
		r.Path, err = c.serverPath(b.Path)
		return &r, err
	}
	return nil, fmt.Errorf("%T cannot be part of a multi", body)
}
