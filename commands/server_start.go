package commands

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zook/server"
)

// started is a server that runs in the background.
type started struct {
	Config  string `json:"config"`
	Process int    `json:"process"`
	Address string `json:"address"` // host:port that it serves
	PidFile string `json:"pidFile"`
	Log     string `json:"log"`
}

func (x *started) Text(w io.Writer, _ Style) { fmt.Fprintln(w, "Starting zookeeper ... STARTED") }

func (x *started) Row(Style) ([]string, [][]string) {
	return []string{"process", "address", "pid file", "log"},
		[][]string{{fmt.Sprint(x.Process), x.Address, printable(x.PidFile), printable(x.Log)}}
}

// startOptions are the flags of server start and restart.
type startOptions struct {
	wait duration
}

func newServerStart(env *Env, so *serverOptions) *cobra.Command {
	o := startOptions{wait: duration(2 * time.Minute)}
	cmd := &cobra.Command{
		Use:   "start [zoo.cfg]",
		Short: "Start a server in the background, and wait until it serves",
		Long: `Start a server in the background, as zkServer.sh start does, and return once it serves. If it
does not start, say why.

The number of its process is in dataDir/zookeeper_server.pid, or the file that ZOOPIDFILE
names. Its log is appended to zookeeper-USER-server-HOST.out in ZOO_LOG_DIR, or in the data
directory. Whoever wants one on every boot has a unit for systemd in contrib/systemd.`,
		Example: `  zook server start
  zook server start --config /etc/zookeeper/conf
  ZOO_LOG_DIR=/var/log/zookeeper zook server start /srv/zk/zoo.cfg`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := so.readConfig(args)
			if err != nil {
				return err
			}
			env.tellConfig(f)
			return env.startServer(cmd.Context(), f, so, time.Duration(o.wait))
		},
	}
	cmd.Flags().Var(&o.wait, "wait", "how long to wait until it serves")
	so.log.add(cmd.Flags())
	return cmd
}

func (e *Env) startServer(ctx context.Context, f *server.ConfigFile, so *serverOptions, wait time.Duration) error {
	if _, err := so.log.logger(e); err != nil {
		return err
	}
	if err := f.Err(); err != nil {
		return err
	}
	pidFile := pidFile(f)
	switch p, err := processOf(pidFile); {
	case err != nil:
		return err
	case p.state == processRuns:
		return fmt.Errorf("already running as process %d (%s)", p.pid, pidFile)
	case p.state == processForeign:
		fmt.Fprintln(e.Err, printable(fmt.Sprintf("%s is stale: process %d is %s", pidFile, p.pid, p.command)))
	}
	b, err := spawn(f, pidFile, so)
	if err != nil {
		return err
	}
	addr, err := b.wait(ctx, wait)
	if err != nil {
		return fmt.Errorf("failed to start: %w (the log is %s)", err, b.log)
	}
	return e.print(&started{Config: f.Path, Process: b.cmd.Process.Pid, Address: addr, PidFile: pidFile, Log: b.log})
}

// background is a server that has been started in the background.
type background struct {
	cmd     *exec.Cmd
	log     string // its file
	logFrom int64  // where its part of the file begins
	said    chan string
}

// spawn starts this program again as server run. It says on its standard output when it
// serves, and outlives us.
func spawn(f *server.ConfigFile, pidFile string, so *serverOptions) (*background, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &background{log: outFile(f), said: make(chan string, 1)}
	if err := os.MkdirAll(filepath.Dir(b.log), 0o755); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(b.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if st, err := log.Stat(); err == nil {
		b.logFrom = st.Size()
	}
	b.cmd = exec.Command(self, runWords(f, pidFile, so)...)
	b.cmd.Stderr = log
	detach(b.cmd)
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(out, 1000)).ReadString('\n')
		b.said <- strings.TrimSpace(line)
	}()
	return b, nil
}

// runWords are the words behind zook with which a server runs.
func runWords(f *server.ConfigFile, pidFile string, so *serverOptions) []string {
	path, err := filepath.Abs(f.Path)
	if err != nil {
		path = f.Path
	}
	words := append([]string{"server", "run", "--pid-file", pidFile, "--print-address"}, so.log.words()...)
	return append(words, path)
}

// wait waits until the server serves, and returns its address.
func (b *background) wait(ctx context.Context, most time.Duration) (string, error) {
	var addr string
	select {
	case addr = <-b.said:
	case <-ctx.Done():
		return "", fmt.Errorf("%w; process %d goes on", ctx.Err(), b.cmd.Process.Pid)
	case <-time.After(most):
		return "", fmt.Errorf("it does not serve after %v; process %d goes on", most, b.cmd.Process.Pid)
	}
	if addr == "" { // it has ended, or is about to
		b.cmd.Wait()
		return "", errors.New(b.lastWords())
	}
	return addr, b.cmd.Process.Release()
}

// lastWords is why the server ended, as its log says.
func (b *background) lastWords() string {
	reason := b.cmd.ProcessState.String()
	file, err := os.Open(b.log)
	if err != nil {
		return reason
	}
	defer file.Close()
	text, _ := io.ReadAll(io.LimitReader(io.NewSectionReader(file, b.logFrom, 1<<20), 1<<20))
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if last := string(lines[len(lines)-1]); last != "" {
		reason = strings.TrimPrefix(last, "zook: server run: ")
	}
	return reason
}
