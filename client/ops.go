package client

import (
	"context"
	"slices"
	"strings"
	"time"

	"zook/jute"
)

// Every operation returns jute.ErrConnectionLoss when the connection ends before
// the answer is there: a write may then have been done or not. Without a
// connection it waits for one until ctx ends (a *DialError that wraps ctx's
// error) or the session has expired (jute.ErrSessionExpired). When ctx ends after
// the request was sent, the server carries it out nevertheless.

// Get returns the data of a znode.
func (c *Client) Get(ctx context.Context, path string) ([]byte, jute.Stat, error) {
	return c.get(ctx, path, false)
}

// GetW is Get, and sets a one-shot watch on the data.
func (c *Client) GetW(ctx context.Context, path string) ([]byte, jute.Stat, error) {
	return c.get(ctx, path, true)
}

func (c *Client) get(ctx context.Context, path string, watch bool) ([]byte, jute.Stat, error) {
	full, err := c.serverPath(path)
	if err != nil {
		return nil, jute.Stat{}, err
	}
	return c.getFull(ctx, full, watch)
}

func (c *Client) getFull(ctx context.Context, full string, watch bool) ([]byte, jute.Stat, error) {
	var r jute.GetDataResponse
	err := c.do(ctx, jute.OpGetData, &jute.GetDataRequest{Path: full, Watch: watch}, &r, c.watching(watch, dataWatch, full))
	return r.Data, r.Stat, err
}

// watching is what notes a one-shot watch when the request that sets it succeeds.
func (c *Client) watching(watch bool, k watchKind, full string) func(jute.ErrCode) {
	if !watch {
		return nil
	}
	return func(code jute.ErrCode) {
		if code == jute.ErrOK {
			c.watches.add(k, full)
		}
	}
}

// configPath is where an ensemble keeps its members.
const configPath = "/zookeeper/config"

// Config returns the configuration of the ensemble, whatever the chroot.
func (c *Client) Config(ctx context.Context) ([]byte, jute.Stat, error) {
	return c.getFull(ctx, configPath, false)
}

// ConfigW is Config, and sets a one-shot watch on it.
func (c *Client) ConfigW(ctx context.Context) ([]byte, jute.Stat, error) {
	return c.getFull(ctx, configPath, true)
}

// Exists returns the stat of a znode; nil without an error if there is none.
func (c *Client) Exists(ctx context.Context, path string) (*jute.Stat, error) {
	return c.exists(ctx, path, false)
}

// ExistsW is Exists, and sets a one-shot watch on the data or the creation.
func (c *Client) ExistsW(ctx context.Context, path string) (*jute.Stat, error) {
	return c.exists(ctx, path, true)
}

func (c *Client) exists(ctx context.Context, path string, watch bool) (*jute.Stat, error) {
	full, err := c.serverPath(path)
	if err != nil {
		return nil, err
	}
	note := c.watching(watch, dataWatch, full)
	if watch {
		data := note
		note = func(code jute.ErrCode) {
			if data(code); code == jute.ErrNoNode {
				c.watches.add(existWatch, full)
			}
		}
	}
	var r jute.ExistsResponse
	err = c.do(ctx, jute.OpExists, &jute.ExistsRequest{Path: full, Watch: watch}, &r, note)
	switch err {
	case nil:
		return &r.Stat, nil
	case jute.ErrNoNode:
		return nil, nil
	}
	return nil, err
}

// Children returns the names of the children of a znode, in no order, and its stat.
func (c *Client) Children(ctx context.Context, path string) ([]string, jute.Stat, error) {
	return c.children(ctx, path, false)
}

// ChildrenW is Children, and sets a one-shot watch on the list.
func (c *Client) ChildrenW(ctx context.Context, path string) ([]string, jute.Stat, error) {
	return c.children(ctx, path, true)
}

func (c *Client) children(ctx context.Context, path string, watch bool) ([]string, jute.Stat, error) {
	full, err := c.serverPath(path)
	if err != nil {
		return nil, jute.Stat{}, err
	}
	var r jute.GetChildren2Response
	err = c.do(ctx, jute.OpGetChildren2, &jute.GetChildren2Request{Path: full, Watch: watch}, &r, c.watching(watch, childWatch, full))
	return r.Children, r.Stat, err
}

// ACL returns the ACL of a znode.
func (c *Client) ACL(ctx context.Context, path string) ([]jute.ACL, jute.Stat, error) {
	full, err := c.serverPath(path)
	if err != nil {
		return nil, jute.Stat{}, err
	}
	var r jute.GetACLResponse
	err = c.do(ctx, jute.OpGetACL, &jute.GetACLRequest{Path: full}, &r, nil)
	return r.ACL, r.Stat, err
}

// SetACL replaces the ACL of a znode if its aversion is version, or whatever it
// is for -1.
func (c *Client) SetACL(ctx context.Context, path string, acl []jute.ACL, version int32) (jute.Stat, error) {
	full, err := c.serverPath(path)
	if err != nil {
		return jute.Stat{}, err
	}
	var r jute.SetACLResponse
	err = c.do(ctx, jute.OpSetACL, &jute.SetACLRequest{Path: full, ACL: acl, Version: version}, &r, nil)
	return r.Stat, err
}

// Set replaces the data of a znode if its version is version, or whatever it is
// for -1.
func (c *Client) Set(ctx context.Context, path string, data []byte, version int32) (jute.Stat, error) {
	full, err := c.serverPath(path)
	if err != nil {
		return jute.Stat{}, err
	}
	var r jute.SetDataResponse
	err = c.do(ctx, jute.OpSetData, &jute.SetDataRequest{Path: full, Data: data, Version: version}, &r, nil)
	return r.Stat, err
}

// Delete deletes a znode without children if its version is version, or whatever
// it is for -1.
func (c *Client) Delete(ctx context.Context, path string, version int32) error {
	full, err := c.serverPath(path)
	if err != nil {
		return err
	}
	return c.do(ctx, jute.OpDelete, &jute.DeleteRequest{Path: full, Version: version}, nil, nil)
}

// Create creates a znode and returns its path, which for the sequential modes
// ends in the counter, and its stat. ttl is for the TTL modes only. A server
// before 3.5 does not tell the stat: it is asked for then, and is zero if that
// fails, as the znode is there.
func (c *Client) Create(ctx context.Context, path string, data []byte, acl []jute.ACL, mode jute.CreateMode, ttl time.Duration) (string, jute.Stat, error) {
	full, err := c.createPath(path, mode)
	if err != nil {
		return "", jute.Stat{}, err
	}
	req := &jute.CreateRequest{Path: full, Data: data, ACL: acl, Flags: mode}
	var r jute.Create2Response
	switch {
	case mode.IsTTL():
		err = c.do(ctx, jute.OpCreateTTL, &jute.CreateTTLRequest{Path: full, Data: data, ACL: acl, Flags: mode,
			TTL: ttl.Milliseconds()}, &r, nil)
	case mode == jute.Container:
		err = c.do(ctx, jute.OpCreateContainer, req, &r, nil)
	case c.noCreate2.Load():
		return c.create34(ctx, req)
	default:
		err = c.do(ctx, jute.OpCreate2, req, &r, nil)
		if err == jute.ErrUnimplemented {
			c.noCreate2.Store(true)
			return c.create34(ctx, req)
		}
	}
	if err != nil {
		return "", jute.Stat{}, err
	}
	return c.strip(r.Path), r.Stat, nil
}

// create34 creates a znode as servers of 3.4 know it.
func (c *Client) create34(ctx context.Context, req *jute.CreateRequest) (string, jute.Stat, error) {
	var r jute.CreateResponse
	if err := c.do(ctx, jute.OpCreate, req, &r, nil); err != nil {
		return "", jute.Stat{}, err
	}
	path := c.strip(r.Path)
	if stat, err := c.Exists(ctx, path); err == nil && stat != nil {
		return path, *stat, nil
	}
	return path, jute.Stat{}, nil
}

// Sync waits until the server that this session is connected to has seen every
// change that was made before.
func (c *Client) Sync(ctx context.Context, path string) error {
	full, err := c.serverPath(path)
	if err != nil {
		return err
	}
	return c.do(ctx, jute.OpSync, &jute.SyncRequest{Path: full}, nil, nil)
}

// AddAuth adds an identity to the session, and to every connection after this
// one. jute.ErrAuthFailed means that the server refused it and closed the
// connection; the session goes on, without it, on another.
func (c *Client) AddAuth(ctx context.Context, auth Auth) error {
	same := func(a Auth) bool { return a.Scheme == auth.Scheme && string(a.Data) == string(auth.Data) }
	return c.do(ctx, jute.OpAuth, &jute.AuthPacket{Scheme: auth.Scheme, Auth: auth.Data}, nil, func(code jute.ErrCode) {
		if code == jute.ErrOK && !slices.ContainsFunc(c.auths, same) {
			c.auths = append(c.auths, auth)
		}
	})
}

// WhoAmI returns the identities of the connection (servers since 3.7).
func (c *Client) WhoAmI(ctx context.Context) ([]jute.ClientInfo, error) {
	var r jute.WhoAmIResponse
	err := c.do(ctx, jute.OpWhoAmI, nil, &r, nil)
	return r.ClientInfo, err
}

// Ephemerals returns the ephemeral znodes of this session whose paths start with
// prefix (servers since 3.6).
func (c *Client) Ephemerals(ctx context.Context, prefix string) ([]string, error) {
	full, err := c.serverPath(prefix)
	if err != nil {
		return nil, err
	}
	var r jute.GetEphemeralsResponse
	err = c.do(ctx, jute.OpGetEphemerals, &jute.GetEphemeralsRequest{PrefixPath: full}, &r, nil)
	var paths []string
	for _, p := range r.Ephemerals {
		// The server compares characters: /app also finds /apple/x, beside the chroot.
		if c.chroot == "" || p == c.chroot || strings.HasPrefix(p, c.chroot+"/") {
			paths = append(paths, c.strip(p))
		}
	}
	return paths, err
}

// AllChildrenNumber returns how many znodes there are below path (servers since 3.6).
func (c *Client) AllChildrenNumber(ctx context.Context, path string) (int, error) {
	full, err := c.serverPath(path)
	if err != nil {
		return 0, err
	}
	var r jute.GetAllChildrenNumberResponse
	err = c.do(ctx, jute.OpGetAllChildrenNumber, &jute.GetAllChildrenNumberRequest{Path: full}, &r, nil)
	return int(r.TotalNumber), err
}

// Reconfig changes the members of the ensemble: by those that join and leave,
// or, if members is not "", to members. All three are lists as in zoo.cfg,
// separated by commas. It does so if the configuration's version is version, or
// whatever it is for -1, and returns the new configuration.
func (c *Client) Reconfig(ctx context.Context, joining, leaving, members string, version int64) ([]byte, jute.Stat, error) {
	list := func(s string) []byte {
		if s == "" {
			return nil
		}
		return []byte(s)
	}
	var r jute.GetDataResponse
	err := c.do(ctx, jute.OpReconfig, &jute.ReconfigRequest{JoiningServers: list(joining), LeavingServers: list(leaving),
		NewMembers: list(members), CurConfigID: version}, &r, nil)
	return r.Data, r.Stat, err
}
