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
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		if r.Err != jute.ErrOK {
			return results, r.Err
		}
	}
	return results, nil
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
	req := &jute.MultiRequest{Ops: make([]jute.Op, len(ops))}
	for i, o := range ops {
		body, err := c.rooted(o.Body)
		if err != nil {
			return nil, err
		}
		req.Ops[i] = jute.Op{Type: o.Type, Body: body}
	}
	var r jute.MultiResponse
	if err := c.do(ctx, op, req, &r, nil); err != nil {
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
