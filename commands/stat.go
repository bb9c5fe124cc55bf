package commands

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"zook/jute"
)

// Stat is a jute.Stat as commands print it.
type Stat struct {
	Czxid          Hex   `json:"czxid"`
	Mzxid          Hex   `json:"mzxid"`
	Pzxid          Hex   `json:"pzxid"`
	Ctime          Time  `json:"ctime"`
	Mtime          Time  `json:"mtime"`
	Version        int32 `json:"version"`
	Cversion       int32 `json:"cversion"`
	Aversion       int32 `json:"aversion"`
	EphemeralOwner Hex   `json:"ephemeralOwner"` // a session, or 0: servers do not tell containers and TTL nodes
	DataLength     int32 `json:"dataLength"`
	NumChildren    int32 `json:"numChildren"`

	stat jute.Stat
}

// NewStat is s for printing.
func NewStat(s jute.Stat) *Stat {
	return &Stat{
		Czxid: Hex(s.Czxid), Mzxid: Hex(s.Mzxid), Pzxid: Hex(s.Pzxid),
		Ctime: Time(s.Ctime), Mtime: Time(s.Mtime),
		Version: s.Version, Cversion: s.Cversion, Aversion: s.Aversion,
		EphemeralOwner: Hex(s.EphemeralOwner), DataLength: s.DataLength, NumChildren: s.NumChildren,
		stat: s,
	}
}

// kindOf says what an ephemeralOwner means. Servers answer 0 for containers and
// TTL nodes (DataNode.copyStat), so on a live session both look persistent; files
// tell them apart: containers have the lowest number, TTL nodes 0xff, two bytes of
// 0 and the TTL in milliseconds (format: EphemeralType).
func kindOf(owner int64) (kind string, ttl int64) {
	const containerOwner, ttlMask, ttlValue = -1 << 63, 0xffffff << 40, 1<<40 - 1
	switch {
	case owner == 0:
		return "persistent", 0
	case owner == containerOwner:
		return "container", 0
	case uint64(owner)&ttlMask == 0xff0000<<40:
		return "ttl", owner & ttlValue
	}
	return "ephemeral", 0
}

// fields are the names and values of the stat, in zkCli's order.
func (s *Stat) fields(style Style) [][2]string {
	return [][2]string{
		{"czxid", s.Czxid.String()}, {"ctime", s.Ctime.String()},
		{"mzxid", s.Mzxid.String()}, {"mtime", s.Mtime.String()},
		{"pzxid", s.Pzxid.String()}, {"cversion", fmt.Sprint(s.Cversion)},
		{"version", fmt.Sprint(s.Version)}, {"aversion", fmt.Sprint(s.Aversion)},
		{"ephemeralOwner", s.EphemeralOwner.String()},
		{"dataLength", style.Size(int64(s.DataLength))},
		{"numChildren", style.Count(int64(s.NumChildren))},
	}
}

// Text writes the stat of the znode at path: a line a field for eyes, else one
// line of path and name=value.
func (s *Stat) Text(w io.Writer, path string, style Style) {
	if style.Terminal {
		for _, f := range s.fields(style) {
			fmt.Fprintf(w, "%s %s\n", style.Paint(fmt.Sprintf("%-15s", f[0]), faint), f[1])
		}
		return
	}
	var b strings.Builder
	b.WriteString(printable(path))
	for _, f := range s.fields(style) {
		b.WriteString(" " + f[0] + "=" + f[1])
	}
	fmt.Fprintln(w, b.String())
}

// row is a row of a table: path and stat.
func (s *Stat) row(path string, style Style) (columns, row []string) {
	columns, row = []string{"path"}, []string{printable(path)}
	for _, f := range s.fields(style) {
		columns, row = append(columns, f[0]), append(row, f[1])
	}
	return columns, row
}

// znodeStat is what stat prints.
type znodeStat struct {
	Path string `json:"path"`
	*Stat
	header bool
}

func (z *znodeStat) Text(w io.Writer, s Style) {
	printHeader(w, z.Path, z.header, s)
	z.Stat.Text(w, z.Path, s)
}

func (z *znodeStat) Row(s Style) ([]string, [][]string) {
	columns, row := z.Stat.row(z.Path, s)
	return columns, [][]string{row}
}

func (z *znodeStat) ZkCli(w io.Writer) { zkcliStat(w, &z.stat) }

func newStat(env *Env) *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:   "stat PATH...",
		Short: "Show the metadata of znodes",
		Long: `Show the metadata (Stat) of znodes: zxids, times, versions, owner, sizes.

` + watchHelp,
		Example: `  zook stat /brokers
  zook stat -o json /brokers/ids/0
  zook stat -w /lock`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				stat, err := env.exists(ctx, path, watch)
				if err != nil {
					return nil, err
				}
				if stat == nil {
					return nil, jute.ErrNoNode
				}
				return &znodeStat{Path: path, Stat: NewStat(*stat), header: len(args) > 1}, nil
			})
			return env.awaitEvent(cmd, watch, err)
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "watch for the next change")
	return cmd
}

// exists is Exists, with a watch if watch is set; nil if there is no such znode.
func (e *Env) exists(ctx context.Context, path string, watch bool) (*jute.Stat, error) {
	if watch {
		c, err := e.Session(ctx)
		if err != nil {
			return nil, err
		}
		return c.ExistsW(ctx, path)
	}
	z, err := e.Znodes(ctx)
	if err != nil {
		return nil, err
	}
	return z.Exists(ctx, path)
}
