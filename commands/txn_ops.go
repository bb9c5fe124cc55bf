package commands

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"zook/jute"
)

// txnOp is an operation of a txn.
type txnOp struct {
	jute.Op
	name    string
	path    string
	version int32 // wanted; -1 for any
}

// result is what to print of the operation.
func (o *txnOp) result(r jute.OpResult) *txnResult {
	result := &txnResult{Op: o.name, Path: o.path}
	switch body := r.Body.(type) {
	case *jute.CreateResponse:
		result.Path = body.Path
	case *jute.Create2Response:
		result.Path, result.Stat = body.Path, NewStat(body.Stat)
	case *jute.SetDataResponse:
		result.Stat = NewStat(body.Stat)
	}
	return result
}

// data is readData, but never reads standard input twice.
func (p *opParser) data(arg string) ([]byte, error) {
	if arg == "-" {
		if p.fromInput {
			return nil, usagef("- is standard input, which the operations or other data come from")
		}
		p.fromInput = true
	}
	return p.env.readData(arg)
}

func (p *opParser) create() *cobra.Command {
	var o createOptions
	var acl string
	cmd := &cobra.Command{
		Use:  "create PATH [DATA [ACL]]",
		Args: args(1, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			mode, err := o.mode()
			if err != nil {
				return err
			}
			path, err := p.env.path(args[0], mode.IsSequential())
			if err != nil {
				return err
			}
			if len(args) > 1 {
				if o.data, err = p.data(args[1]); err != nil {
					return err
				}
			}
			if len(args) > 2 {
				if acl != "" {
					return usagef("the ACL is given twice")
				}
				acl = args[2]
			}
			if o.acl, err = parseACL(acl); err != nil {
				return err
			}
			p.ops = append(p.ops, &txnOp{createOp(path, o.data, o.acl, mode, time.Duration(o.ttl)), "create", path, -1})
			return nil
		},
	}
	createFlags(cmd.Flags(), &o, &acl)
	return cmd
}

func createFlags(f *pflag.FlagSet, o *createOptions, acl *string) {
	f.BoolVarP(&o.sequential, "sequential", "s", false, "of create: the server appends a counter to the name")
	f.BoolVarP(&o.ephemeral, "ephemeral", "e", false, "of create: it goes with the session")
	f.BoolVarP(&o.container, "container", "c", false, "of create: it goes when its last child has gone")
	f.VarP(&o.ttl, "ttl", "t", "of create: it goes when it has been idle for so long")
	f.StringVar(acl, "acl", "", "of create: scheme:id:perms[,...]")
}

func versionFlag(f *pflag.FlagSet, version *int32) {
	f.Int32VarP(version, "version", "v", -1, "of set, delete and check: only if the data has this version")
}

// createOp is the operation that creates a znode of the kind. It is one that
// servers of 3.4 know, where there is one.
func createOp(path string, data []byte, acl []jute.ACL, mode jute.CreateMode, ttl time.Duration) jute.Op {
	switch {
	case mode.IsTTL():
		return jute.Op{Type: jute.OpCreateTTL, Body: &jute.CreateTTLRequest{Path: path, Data: data, ACL: acl, Flags: mode, TTL: ttl.Milliseconds()}}
	case mode == jute.Container:
		return jute.Op{Type: jute.OpCreateContainer, Body: &jute.CreateRequest{Path: path, Data: data, ACL: acl, Flags: mode}}
	}
	return jute.Op{Type: jute.OpCreate, Body: &jute.CreateRequest{Path: path, Data: data, ACL: acl, Flags: mode}}
}

func (p *opParser) set() *cobra.Command {
	var version int32
	cmd := &cobra.Command{
		Use:  "set PATH DATA",
		Args: args(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := p.env.Path(args[0])
			if err != nil {
				return err
			}
			data, err := p.data(args[1])
			if err != nil {
				return err
			}
			body := &jute.SetDataRequest{Path: path, Data: data, Version: version}
			p.ops = append(p.ops, &txnOp{jute.Op{Type: jute.OpSetData, Body: body}, "set", path, version})
			return nil
		},
	}
	versionFlag(cmd.Flags(), &version)
	return cmd
}

func (p *opParser) delete() *cobra.Command {
	var version int32
	cmd := &cobra.Command{
		Use:  "delete PATH",
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := p.env.Path(args[0])
			if err != nil {
				return err
			}
			if err := p.env.protect(path); err != nil {
				return err
			}
			body := &jute.DeleteRequest{Path: path, Version: version}
			p.ops = append(p.ops, &txnOp{jute.Op{Type: jute.OpDelete, Body: body}, "delete", path, version})
			return nil
		},
	}
	versionFlag(cmd.Flags(), &version)
	return cmd
}

func (p *opParser) check() *cobra.Command {
	var version int32
	cmd := &cobra.Command{
		Use:  "check PATH [VERSION]",
		Args: args(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := p.env.Path(args[0])
			if err != nil {
				return err
			}
			if len(args) == 2 {
				if err := cmd.Flags().Set("version", args[1]); err != nil {
					return usagef("%q is not a version", args[1])
				}
			}
			body := &jute.CheckVersionRequest{Path: path, Version: version}
			p.ops = append(p.ops, &txnOp{jute.Op{Type: jute.OpCheck, Body: body}, "check", path, version})
			return nil
		},
	}
	versionFlag(cmd.Flags(), &version)
	return cmd
}
