package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"zook/server"
)

// runOptions are the flags of server run.
type runOptions struct {
	listen, dir string
	pidFile     string
	printAddr   bool
}

func newServerRun(env *Env, so *serverOptions) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:     "run [zoo.cfg]",
		Aliases: []string{"start-foreground"},
		Short:   "Run a server until it is interrupted",
		Long: `Run a standalone server in the foreground until SIGINT or SIGTERM. It answers what it has
taken, closes its connections and exits with 0; a second signal ends it at once.

With a zoo.cfg it takes the configuration of Apache ZooKeeper; a key that has no
meaning here is a warning. Its dataDir may be one that Apache ZooKeeper wrote, and
the other way round. Without a zoo.cfg it listens on --listen and keeps its files
in --dir, or in a temporary directory that goes when the server ends. (Called as
start-foreground it takes the zoo.cfg that zkServer.sh would take, if none is given.)

Under systemd (Type=notify) it says when it serves and when it stops, and that it is
alive if WatchdogSec is set.`,
		Example: `  zook server run /etc/zookeeper/conf/zoo.cfg
  zook server run --listen 127.0.0.1:2181 --dir ./data
  zook server run --log-format json zoo.cfg
  zook server run                 # for a try: nothing is kept`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			withConfig := len(args) == 1 || cmd.CalledAs() == "start-foreground"
			if flag := changedOf(cmd.Flags(), "listen", "dir"); withConfig && flag != "" {
				return usagef("--%s is for a start without zoo.cfg", flag)
			}
			log, err := so.log.logger(env)
			if err != nil {
				return err
			}
			cfg := server.Config{Addr: o.listen, DataDir: o.dir, ExtendedTypes: true, Words: []string{"*"}}
			if withConfig {
				cfg, err = so.configToRun(args, log)
			}
			if err == nil {
				cfg.Logger = log
				err = env.runServer(cmd.Context(), cfg, &o)
			}
			if err != nil && so.log.format == "json" { // each line of the log is
				log.Error("ended", "reason", oneLine(err.Error()))
				return reportedError{err}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:2181", "host:port to listen on")
	f.StringVar(&o.dir, "dir", "", "data directory; a temporary one if not given")
	f.StringVar(&o.pidFile, "pid-file", "", "write the number of the process to this `file` while it serves")
	f.BoolVar(&o.printAddr, "print-address", false, "print host:port once it serves")
	so.log.add(f)
	return cmd
}

// configToRun reads a zoo.cfg to start with, and logs what is odd about it.
func (o *serverOptions) configToRun(args []string, log *slog.Logger) (server.Config, error) {
	f, err := o.readConfig(args)
	if err != nil {
		return server.Config{}, err
	}
	for _, w := range f.Warnings() {
		log.Warn(w)
	}
	return f.Config, f.Err()
}

// runServer runs a server until ctx ends or the server gives up.
func (e *Env) runServer(ctx context.Context, cfg server.Config, o *runOptions) error {
	cfg.Logger.Info("starting", "version", Version, "process", os.Getpid(), "dataDir", cfg.DataDir)
	s, err := server.Start(ctx, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil // interrupted before it served
		}
		return fmt.Errorf("start: %w", err)
	}
	go server.PaceGC(ctx)
	err = e.serveUntil(ctx, s, o)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	select {
	case cerr := <-closed:
		cfg.Logger.Info("stopped")
		return errors.Join(cerr, err)
	case <-again:
		return errors.New("interrupted again: it ends without closing its files")
	}
}

// serveUntil tells who waits for it that the server serves, and returns when it is to end.
func (e *Env) serveUntil(ctx context.Context, s *server.Server, o *runOptions) error {
	if o.pidFile != "" {
		if err := writePidFile(o.pidFile); err != nil {
			return err
		}
		defer removePidFile(o.pidFile)
	}
	hangup := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
	}
	if o.printAddr {
		fmt.Fprintln(e.Out, s.Addr())
	}
	daemon.SdNotify(false, daemon.SdNotifyReady) // an error is of nobody who listens
	defer daemon.SdNotify(false, daemon.SdNotifyStopping)
	alive := watchdog()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			return nil
		case <-s.Done():
			return nil
		case <-alive:
			daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		}
	}
}

// watchdog ticks as often as systemd wants to hear of the server, or never.
func watchdog() <-chan time.Time {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return nil
	}
	return time.Tick(every / 2)
}

// writePidFile writes the number of this process. The file is whole whenever it is there.
func writePidFile(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temp := file + ".new"
	if err := os.WriteFile(temp, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

// removePidFile removes the file, if nobody else has taken it.
func removePidFile(file string) {
	if b, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(b)) == strconv.Itoa(os.Getpid()) {
		os.Remove(file)
	}
}

// serverLog say how a server logs.
type serverLog struct {
	format, level string
}

func (o *serverLog) add(f *pflag.FlagSet) {
	f.StringVar(&o.format, "log-format", "text", "log lines as text or json")
	f.StringVar(&o.level, "log-level", "info", "what is logged: debug, info, warn or error")
}

// words are the flags that say the same.
func (o *serverLog) words() []string {
	return []string{"--log-format", o.format, "--log-level", o.level}
}

func (o *serverLog) logger(env *Env) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		return nil, usagef("--log-level is debug, info, warn or error, not %q", o.level)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch o.format {
	case "text":
		return slog.New(slog.NewTextHandler(env.Err, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(env.Err, opts)), nil
	}
	return nil, usagef("--log-format is text or json, not %q", o.format)
}
