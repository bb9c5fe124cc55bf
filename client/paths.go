package client

import (
	"strings"

	"zook/jute"
)

// serverPath checks path and puts the chroot before it.
func (c *Client) serverPath(path string) (string, error) {
	if err := jute.CheckPath(path, false); err != nil {
		return "", err
	}
	return c.prefix(path), nil
}

func (c *Client) prefix(path string) string {
	if c.chroot == "" {
		return path
	}
	if path == "/" {
		return c.chroot
	}
	return c.chroot + path
}

// createPath is serverPath for a create: of a sequential one the path may end in
// a slash, which stays, so that the znode is created below and not beside.
func (c *Client) createPath(path string, mode jute.CreateMode) (string, error) {
	if err := jute.CheckPath(path, mode.IsSequential()); err != nil {
		return "", err
	}
	if mode.IsSequential() {
		return c.chroot + path, nil
	}
	return c.prefix(path), nil
}

// strip is the path without the chroot. One outside of it, which no server
// should send, stays as it is.
func (c *Client) strip(path string) string {
	if path == c.chroot && path != "" {
		return "/"
	}
	if rest, ok := strings.CutPrefix(path, c.chroot); ok && strings.HasPrefix(rest, "/") {
		return rest
	}
	return path
}
