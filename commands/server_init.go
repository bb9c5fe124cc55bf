package commands

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zook/server"
)

// initialized is a data directory that has been made.
type initialized struct {
	DataDir    string `json:"dataDir"`
	DataLogDir string `json:"dataLogDir"`
	MyID       int    `json:"myid,omitempty"`
}

func (x *initialized) Text(w io.Writer, _ Style) {
	if x.MyID == 0 {
		fmt.Fprintf(w, "No myid provided, be sure to specify it in %s if using non-standalone\n", printable(filepath.Join(x.DataDir, "myid")))
		return
	}
	fmt.Fprintf(w, "Using myid of %d\n", x.MyID)
}

func (x *initialized) Row(Style) ([]string, [][]string) {
	return []string{"data", "logs", "myid"}, [][]string{{printable(x.DataDir), printable(x.DataLogDir), fmt.Sprint(x.MyID)}}
}

func newServerInit(env *Env, so *serverOptions) *cobra.Command {
	var configFile string
	var myid int
	cmd := &cobra.Command{
		Use:   "init [zoo.cfg]",
		Short: "Make the data directories of a zoo.cfg",
		Long: `Make the directories that the dataDir and dataLogDir of a zoo.cfg name, with the file myid
if --myid is given, and the file initialize, as zkServer-initialize.sh does. With
datadir.autocreate=false (ZOO_DATADIR_AUTOCREATE_DISABLE) servers start only on these.

Directories that have files of a server are left as they are, unless --force is given:
then what is in them is deleted. A server that runs on them is never touched.`,
		Example: `  zook server init --myid 1
  zook server init --configfile /srv/zk/zoo.cfg --myid 1
  zook server init --force --yes zoo.cfg`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("myid") && (myid < 1 || myid > 255) {
				return usagef("--myid is from 1 to 255, not %d", myid)
			}
			if configFile != "" {
				if len(args) > 0 {
					return usagef("--configfile and the argument are the same: one of them is enough")
				}
				args = []string{configFile}
			}
			f, err := so.readConfig(args)
			if err != nil {
				return err
			}
			dirs := dataDirs(f)
			if there := slices.IndexFunc(dirs, func(d string) bool { return exists(filepath.Join(d, "version-2")) }); there != -1 {
				if !env.Force {
					return &Error{Path: dirs[there], Err: fmt.Errorf("it exists already"), Hint: "--force deletes what is in it"}
				}
				err := env.confirm(cmd.Context(), fmt.Sprintf("Delete all data in %s?", strings.Join(dirs, " and ")))
				if err != nil {
					return err
				}
			}
			if err := initialize(dirs, myid); err != nil {
				return err
			}
			return env.print(&initialized{DataDir: dirs[0], DataLogDir: dirs[len(dirs)-1], MyID: myid})
		},
	}
	cmd.Flags().StringVar(&configFile, "configfile", "", "the zoo.cfg, as zkServer-initialize.sh is told")
	cmd.Flags().IntVar(&myid, "myid", 0, "number of this server in its ensemble, 1 to 255")
	return cmd
}

// dataDirs are the directories of snapshots and of logs, which may be one.
func dataDirs(f *server.ConfigFile) []string {
	dirs := []string{f.Config.DataDir}
	if f.Config.DataLogDir != "" && f.Config.DataLogDir != f.Config.DataDir {
		dirs = append(dirs, f.Config.DataLogDir)
	}
	return dirs
}

// initialize makes the directories anew. Behaviour: zkServer-initialize.sh.
func initialize(dirs []string, myid int) error {
	for _, dir := range dirs {
		release, err := server.LockDir(filepath.Join(dir, "version-2"))
		if err != nil && !notThere(err) {
			return err
		}
		if err == nil {
			defer release()
		}
	}
	for _, dir := range dirs {
		for _, name := range []string{"myid", "version-2"} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(filepath.Join(dir, "version-2"), 0o755); err != nil {
			return err
		}
	}
	if myid != 0 {
		if err := os.WriteFile(filepath.Join(dirs[0], "myid"), fmt.Appendf(nil, "%d\n", myid), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dirs[0], "initialize"), nil, 0o644)
}
