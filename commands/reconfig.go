package commands

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

type reconfigOptions struct {
	add, remove, members, file, version string
	stat                                bool
}

func newReconfig(env *Env) *cobra.Command {
	var o reconfigOptions
	cmd := &cobra.Command{
		Use:   "reconfig (-add SERVERS | -remove IDS | -members SERVERS | -file FILE)",
		Short: "Change the servers of the ensemble",
		Long: `Change the servers of the ensemble: add and remove some, or give all of them. SERVERS
is a list server.ID=host:port:port[:role];[host:]port. It needs ZooKeeper 3.5, an
ensemble with reconfigEnabled=true, and an identity that may change /zookeeper/config.`,
		Example: `  zook reconfig -add "server.4=zk4:2888:3888;2181"
  zook reconfig -remove 1,2
  zook reconfig -v 100000003 -file zoo.cfg.dynamic`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			members, version, err := o.parse()
			if err != nil {
				return err
			}
			ctx, cancel := env.answerIn(cmd.Context())
			defer cancel()
			c, err := env.Session(ctx)
			if err != nil {
				return err
			}
			data, st, err := c.Reconfig(ctx, strings.ToLower(o.add), strings.ToLower(o.remove), strings.ToLower(members), version)
			if errors.Is(err, jute.ErrUnimplemented) {
				err = &Error{Err: err, Hint: "it needs an ensemble of ZooKeeper 3.5 or later"}
			}
			if err != nil {
				return err
			}
			e := parseConfig(data)
			e.before = "Committed new configuration:\n"
			if o.stat {
				e.Stat = NewStat(st)
			}
			return env.print(e)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.add, "add", "", "servers to add")
	f.StringVar(&o.remove, "remove", "", "ids of servers to remove: 1,2")
	f.StringVar(&o.members, "members", "", "all servers there shall be")
	f.StringVar(&o.file, "file", "", "a file of them, lines server.ID=...")
	f.StringVarP(&o.version, "version", "v", "", "only if the configuration has this version (hex)")
	f.BoolVarP(&o.stat, "stat", "s", false, "and the metadata")
	return cmd
}

// parse returns all members, "" if servers are to be added and removed, and the
// version, -1 for any.
func (o *reconfigOptions) parse() (members string, version int64, err error) {
	all, some := o.members != "" || o.file != "", o.add != "" || o.remove != ""
	switch {
	case !all && !some:
		return "", 0, usagef("what to change is missing: -add, -remove, -members or -file")
	case all && some:
		return "", 0, usagef("-members and -file, which name all servers, cannot go with -add and -remove")
	case o.members != "" && o.file != "":
		return "", 0, usagef("-members and -file cannot go together")
	}
	version = -1
	if o.version != "" {
		if version, err = strconv.ParseInt(strings.TrimPrefix(o.version, "0x"), 16, 64); err != nil {
			return "", 0, usagef("-v: %q is not a version in hex, as config shows it", o.version)
		}
	}
	if o.file == "" {
		return o.members, version, nil
	}
	data, err := os.ReadFile(o.file)
	if err != nil {
		return "", 0, err
	}
	var servers []string
	for _, m := range parseConfig(data).Servers {
		servers = append(servers, "server."+m.ID+"="+m.Spec)
	}
	if len(servers) == 0 {
		return "", 0, usagef("-file: %s has no line server.ID=...", o.file)
	}
	return strings.Join(servers, ","), version, nil
}
