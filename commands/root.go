package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"zook/completions"
)

type group struct {
	title string
	make  []func(*Env) *cobra.Command
}

// groups are all commands, in the order of help.
func groups() []group {
	return []group{
		{"Read", []func(*Env) *cobra.Command{
			newLs, newLs2, newGet, newStat, newExists, newGetAllChildrenNumber, newGetEphemerals,
			newTree, newFind, newGrep, newDu}},
		{"Write", []func(*Env) *cobra.Command{
			newCreate, newSet, newDelete, newDeleteAll, newTouch, newCp, newMv, newTxn}},
		{"Watch", []func(*Env) *cobra.Command{
			newWatch, newAddWatch, newRemoveWatches, newPrintWatches}},
		{"Access and quotas", []func(*Env) *cobra.Command{
			newGetACL, newSetACL, newAddAuth, newWhoAmI, newSetQuota, newListQuota, newDelQuota}},
		{"Session and ensemble", []func(*Env) *cobra.Command{
			newConnect, newClose, newSync, newConfig, newReconfig}},
		{"Operations", []func(*Env) *cobra.Command{
			newStatusCommand, newCheck, newWait, newQuorum, newRollingRestartPlan,
			newTop, newSessions, newClients, newFourLetter, newExporter, newBench, newLatency}},
		{"Files", []func(*Env) *cobra.Command{
			newTxnlog, newSnapshot, newDatadir, newLog, newBlame, newWhoDeleted}},
		{"Shell", []func(*Env) *cobra.Command{
			newShell, newCd, newPwd, newAt, newHistory, newRedo, newQuit}},
		{"This program", []func(*Env) *cobra.Command{
			newServer, newHelp, newScripts, newVersion, newCompletion}},
	}
}

// NewRoot builds all commands, with every flag as it is when not given.
func NewRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "zook",
		Short: "Everything a person does to Apache ZooKeeper",
		Long: `zook works on Apache ZooKeeper: a shell with live path completion, and the same
commands on the command line and in scripts.

The server is --server, else ZOOK_SERVER, else the current context of the
configuration file, else ` + defaultServer + `. Paths are absolute, or relative after cd.

With --data-dir commands that read, and the shell, need no server: the znodes are
those of the files of a data directory, at their end or, with --at, behind a zxid or
at a time that they cover.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              args(0, 0),
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	addGlobalFlags(root, env)
	addScript(root, env)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(env.Out, cmd) })
	for _, g := range groups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, newCommand := range g.make {
			c := newCommand(env)
			c.GroupID = g.title
			root.AddCommand(c)
			if c.Name() == "help" {
				root.SetHelpCommand(c)
			}
		}
	}
	return root
}

// connectFlags are the flags that say how to connect, which only the start of zook
// takes.
var connectFlags = []string{"server", "session-timeout", "auth", "sasl-user", "sasl-password-file",
	"tls-ca", "tls-cert", "tls-key", "tls-server-name"}

// addGlobalFlags adds the flags of every command. What they say takes hold in
// PersistentPreRunE, when a command runs: building a tree changes no Env.
func addGlobalFlags(root *cobra.Command, env *Env) {
	f := root.PersistentFlags()
	connect, files, format := env.Connect, env.Files, env.Format
	timeout, sessionTimeout := duration(connect.Timeout), duration(connect.SessionTimeout)
	yes, force := env.Yes, env.Force

	f.StringVarP(&connect.Server, "server", "S", connect.Server, "servers: host:port[,host:port...][/chroot]")
	f.StringVar(&files.Dir, "data-dir", files.Dir, "read the `files` of this data directory (or zoo.cfg) instead of asking a server")
	f.Var(&files.At, "at", "with --data-dir: the znodes as they were at this `zxid or time`")
	f.VarP(&format, "output", "o", "format: "+strings.Join(formats, ", "))
	f.Var(&timeout, "timeout", "how long to wait for a connection and for each answer (10s)")
	f.Var(&sessionTimeout, "session-timeout", "session timeout to ask for (30s)")
	f.StringArrayVar(&connect.Auth, "auth", connect.Auth, "identity scheme:data, such as digest:user:password (repeatable)")
	f.StringVar(&connect.SASL.User, "sasl-user", connect.SASL.User, "log in by SASL DIGEST-MD5; the password is in the file, or in "+saslPassword)
	f.StringVar(&connect.SASL.PasswordFile, "sasl-password-file", connect.SASL.PasswordFile, "a file whose only line is the password of --sasl-user")
	f.StringVar(&connect.TLS.CA, "tls-ca", connect.TLS.CA, "encrypt; trust the certificates in this PEM file")
	f.StringVar(&connect.TLS.Cert, "tls-cert", connect.TLS.Cert, "encrypt; certificate of this client, a PEM file")
	f.StringVar(&connect.TLS.Key, "tls-key", connect.TLS.Key, "its key, a PEM file")
	f.StringVar(&connect.TLS.ServerName, "tls-server-name", connect.TLS.ServerName, "encrypt; name to expect in the server's certificate")
	f.BoolVar(&yes, "yes", yes, "ask no questions")
	f.BoolVar(&force, "force", force, "do what is otherwise refused: change / and /zookeeper, send over 1 MB")

	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		connect.Timeout, connect.SessionTimeout = time.Duration(timeout), time.Duration(sessionTimeout)
		if env.nested {
			if name := changedOf(f, connectFlags...); name != "" {
				return usagef("--%s is for the start of zook; connect and addauth change a session", name)
			}
			if name := changedOf(f, fileFlags...); name != "" {
				return usagef("--%s is for the start of zook", name)
			}
			env.Connect.Timeout = connect.Timeout
		} else if f.Changed("data-dir") && files.Dir == "" {
			return usagef("--data-dir needs a directory")
		} else if err := files.check(changedOf(f, connectFlags...)); err != nil {
			return err
		} else {
			env.Connect, env.Files = connect, files
		}
		env.Format, env.Yes, env.Force = format, yes, force
		return nil
	}
	if env.Shell != nil {
		for _, name := range slices.Concat(connectFlags, fileFlags) {
			f.MarkHidden(name)
		}
	}
	if !env.nested { // cobra never forgets these functions, and a script may have a million lines
		root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	}
}

// changedOf is the first of the flags that was given, "" if none was.
func changedOf(f *pflag.FlagSet, names ...string) string {
	for _, n := range names {
		if f.Changed(n) {
			return n
		}
	}
	return ""
}

// Run runs the command that the words say.
func Run(ctx context.Context, env *Env, words []string) error {
	root := NewRoot(env)
	words, err := modern(root, words)
	if err != nil {
		return err
	}
	root.SetArgs(words)
	cmd, err := root.ExecuteContextC(ctx)
	if cmd == root {
		return err
	}
	if cmd.Name() == "check" {
		err = asUnknown(err)
	}
	return named(calledAs(cmd), err)
}

// calledAs is what a command was called by: "get", "txnlog dump".
func calledAs(cmd *cobra.Command) string {
	name := cmd.CalledAs()
	for parent := cmd.Parent(); parent.HasParent(); parent = parent.Parent() {
		name = parent.Name() + " " + name
	}
	return name
}

// RunLine runs one line of the shell or of a script. Words are split and quoted
// as in a POSIX shell; an empty line and a comment do nothing. The line's flags
// hold for the line.
func RunLine(ctx context.Context, env *Env, line string) error {
	words, err := completions.Split(line)
	if err != nil {
		return usagef("%v", err)
	}
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	format, yes, force, timeout, nested := env.Format, env.Yes, env.Force, env.Connect.Timeout, env.nested
	defer func() {
		env.Format, env.Yes, env.Force, env.Connect.Timeout, env.nested = format, yes, force, timeout, nested
	}()
	env.nested = true
	return Run(ctx, env, words)
}

// flagError says what is wrong with a flag, and which one was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	switch e := err.(type) {
	case *pflag.NotExistError:
		text = unknownFlag(cmd, e)
	case *pflag.ValueRequiredError:
		text = spell(e.GetFlag()) + " needs a value"
	case *pflag.InvalidValueError:
		text = fmt.Sprintf("%s: %v", spell(e.GetFlag()), e.Unwrap())
		if number := (*strconv.NumError)(nil); errors.As(err, &number) {
			text = fmt.Sprintf("%s: %q is not a number", spell(e.GetFlag()), e.GetValue())
			if errors.Is(err, strconv.ErrRange) {
				text = fmt.Sprintf("%s: %s is out of range", spell(e.GetFlag()), e.GetValue())
			}
		}
	}
	return usagef("%s (%s --help)", text, cmd.CommandPath())
}

// spell is a flag as most people write it.
func spell(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return "-" + f.Shorthand
	}
	return "--" + f.Name
}

func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) string {
	name := "--" + e.GetSpecifiedName()
	if e.GetSpecifiedShortnames() != "" {
		name = name[1:]
	}
	var known []string
	add := func(f *pflag.Flag) { known = append(known, "--"+f.Name) }
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	if n := nearest("--"+strings.TrimLeft(name, "-"), known); n != "" {
		return "unknown flag " + name + ", did you mean " + n + "?"
	}
	return "unknown flag " + name
}

// args refuses fewer than low or more than high arguments (-1: any number),
// with the way in which the command is used.
func args(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= low && (high < 0 || len(args) <= high) {
			return nil
		}
		what := "too few arguments"
		if len(args) > low {
			what = fmt.Sprintf("one argument too many, %q", args[high])
			if n := len(args) - high; n > 1 {
				what = fmt.Sprintf("%d arguments too many", n)
			}
		}
		return usagef("%s; usage: %s", what, useLine(cmd))
	}
}
