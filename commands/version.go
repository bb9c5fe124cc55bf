package commands

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version is set when a release is built: -ldflags "-X zook/commands.Version=1.2.3".
var Version = "dev"

// build is what version prints.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, if known
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (b *build) Text(w io.Writer, _ Style) {
	revision := ""
	if b.Revision != "" {
		revision = " (" + b.Revision + ")"
	}
	fmt.Fprintf(w, "zook %s%s %s %s\n", b.Version, revision, b.Go, b.Platform)
}

func (b *build) Row(Style) ([]string, [][]string) {
	return []string{"version", "revision", "go", "platform"}, [][]string{{b.Version, b.Revision, b.Go, b.Platform}}
}

// ZkCli follows zkCli's line, with zook's version: nothing of Apache's runs here.
func (b *build) ZkCli(w io.Writer) { fmt.Fprintf(w, "ZooKeeper CLI version: zook %s\n", b.Version) }

func newVersion(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of zook",
		Long:    "Print the version of zook. It asks no server.",
		Example: "  zook version\n  zook version -o json",
		Args:    args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			b := &build{Version: Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						b.Revision = s.Value[:min(12, len(s.Value))]
					}
				}
			}
			return env.print(b)
		},
	}
}
