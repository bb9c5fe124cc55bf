package commands

import (
	"context"
	"fmt"
	"strings"

	"zook/jute"
)

// confirm asks before something that cannot be undone, if a person is there.
func (e *Env) confirm(ctx context.Context, question string) error {
	if e.Yes || e.Ask == nil {
		return nil
	}
	yes, err := e.Ask(ctx, question)
	if err != nil {
		return err
	}
	if !yes {
		return errCancelled
	}
	return nil
}

// protect refuses to destroy what ZooKeeper itself relies on, unless forced.
func (e *Env) protect(path string) error {
	if e.Force || path != "/" && path != "/zookeeper" && !strings.HasPrefix(path, "/zookeeper/") {
		return nil
	}
	return usagef("%s is what ZooKeeper itself relies on: --force to do it all the same", path)
}

// parseACL parses the ACL argument of a command; world:anyone:cdrwa if it is "".
func parseACL(arg string) ([]jute.ACL, error) {
	if arg == "" {
		return jute.OpenACL(), nil
	}
	acl, err := jute.ParseACLs(arg)
	if err != nil {
		return nil, usagef("ACL: %v", err)
	}
	return acl, nil
}

// several names znodes in a question.
func several(paths []string) string {
	if len(paths) <= 3 {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%d znodes", len(paths))
}
