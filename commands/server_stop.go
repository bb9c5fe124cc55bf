package commands

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/server"
)

// processState is what the process is whose number stands in a pid file.
type processState int

const (
	processNone    processState = iota // there is no file, or no process
	processRuns                        // it is a server
	processForeign                     // the number has gone to another program
)

// pidProcess is the process of a pid file.
type pidProcess struct {
	state   processState
	file    bool // there is a pid file
	pid     int
	command string // its command line
}

// processOf looks at the process whose number stands in a pid file.
func processOf(pidFile string) (pidProcess, error) {
	b, err := os.ReadFile(pidFile)
	if notThere(err) {
		return pidProcess{}, nil
	}
	if err != nil {
		return pidProcess{}, err
	}
	p := pidProcess{file: true}
	p.pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || p.pid <= 1 {
		return p, nil // a crash of the machine has left it empty
	}
	if !isAlive(p.pid) {
		return p, nil
	}
	p.command = commandLine(p.pid)
	p.state = processForeign
	if p.command == "" || isServer(p.command, pidFile) {
		p.state = processRuns
	}
	return p, nil
}

// isServer reports whether a command line is of a server with this pid file: one of ours,
// or Apache's, which does not name the file.
func isServer(command, pidFile string) bool {
	return strings.Contains(command, "--pid-file "+pidFile) || strings.Contains(command, "org.apache.zookeeper.server.")
}

// stopped is a server that has been stopped.
type stopped struct {
	Process int    `json:"process"` // 0 if there was none
	PidFile string `json:"pidFile"`
}

func (x *stopped) Text(w io.Writer, _ Style) {
	if x.Process == 0 {
		fmt.Fprintf(w, "Stopping zookeeper ... no zookeeper to stop (%s names none)\n", printable(x.PidFile))
		return
	}
	fmt.Fprintln(w, "Stopping zookeeper ... STOPPED")
}

func (x *stopped) Row(Style) ([]string, [][]string) {
	return []string{"process", "pid file"}, [][]string{{fmt.Sprint(x.Process), printable(x.PidFile)}}
}

// stopWait is how long stop waits for a server. It has to close its connections, sync its
// log, and end a snapshot that it is writing.
const stopWait = duration(time.Minute)

func newServerStop(env *Env, so *serverOptions) *cobra.Command {
	wait := stopWait
	cmd := &cobra.Command{
		Use:   "stop [zoo.cfg]",
		Short: "Stop the server in the background, and wait until it is gone",
		Long: `Stop the server whose process stands in dataDir/zookeeper_server.pid or the file that
ZOOPIDFILE names, as zkServer.sh stop does, and return once it is gone. It may be Apache's.
A process that is no server is left alone: then the file was stale, and goes.

The exit code is 0 also if there is none to stop, and 1 if it does not end.`,
		Example: `  zook server stop
  zook server stop /srv/zk/zoo.cfg`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := so.readConfig(args)
			if err != nil {
				return err
			}
			env.tellConfig(f)
			return env.stopServer(cmd.Context(), f, time.Duration(wait))
		},
	}
	cmd.Flags().Var(&wait, "wait", "how long to wait until it is gone")
	return cmd
}

func (e *Env) stopServer(ctx context.Context, f *server.ConfigFile, wait time.Duration) error {
	pidFile := pidFile(f)
	p, err := processOf(pidFile)
	if err != nil {
		return err
	}
	if p.state == processForeign {
		fmt.Fprintln(e.Err, printable(fmt.Sprintf("%s is stale: process %d is %s", pidFile, p.pid, p.command)))
	}
	if p.state != processRuns {
		os.Remove(pidFile)
		return e.print(&stopped{PidFile: pidFile})
	}
	if err := terminate(p.pid); err != nil {
		return fmt.Errorf("stop process %d: %w", p.pid, err)
	}
	if err := waitUntilGone(ctx, p.pid, wait); err != nil {
		return err
	}
	os.Remove(pidFile) // Apache's does not
	return e.print(&stopped{Process: p.pid, PidFile: pidFile})
}

func waitUntilGone(ctx context.Context, pid int, most time.Duration) error {
	deadline := time.After(most)
	for isAlive(pid) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("process %d is still there after %v", pid, most)
		}
	}
	return nil
}

func newServerRestart(env *Env, so *serverOptions) *cobra.Command {
	o := startOptions{wait: duration(2 * time.Minute)}
	cmd := &cobra.Command{
		Use:   "restart [zoo.cfg]",
		Short: "Stop the server in the background and start it again",
		Long: `Stop the server in the background, if there is one, and start it again: server stop and
server start. Sessions survive it. A zoo.cfg that no server starts with stops nothing.`,
		Example: `  zook server restart`,
		Args:    args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := so.readConfig(args)
			if err != nil {
				return err
			}
			env.tellConfig(f)
			if err := f.Err(); err != nil {
				return err
			}
			if err := env.stopServer(cmd.Context(), f, time.Duration(stopWait)); err != nil {
				return err
			}
			return env.startServer(cmd.Context(), f, so, time.Duration(o.wait))
		},
	}
	cmd.Flags().Var(&o.wait, "wait", "how long to wait until it serves")
	so.log.add(cmd.Flags())
	return cmd
}
