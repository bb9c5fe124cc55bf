package client

import "slices"

// Auths are the identities of the session: those of Config and of AddAuth.
func (c *Client) Auths() []Auth {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.auths)
}
