package commands

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newTxnlogDump(env *Env) *cobra.Command {
	var filter txnFilter
	var data dataMode
	cmd := &cobra.Command{
		Use:   "dump [FILE|DIR...]",
		Short: "Print the transactions of logs",
		Long: `Print the transactions of logs, a line each: time, zxid, session, cxid, type, path, and
what else there is to tell. An ACL is shown unless it lets anyone do anything; a multi
shows its parts, and that it was refused if one of them was. A path or other text that is
not one plain word is in quotes, with escapes. --data shows the data of znodes.

With -o jsonl each line is an object with every field, -o json is an array of them; data is
a string, or base64 in dataBase64 if it is not UTF-8. With -o zkcli the lines are those of
Apache's TxnLogToolkit (ZooKeeper 3.10). Only -o table keeps all of them in memory.

A directory stands for all logs in it, or in version-2 below it. Logs are read in the order
of their transactions, whatever the order of their names; they may be packed by gzip.
Without any, the logs are those of --data-dir, which may be a zoo.cfg.

A transaction with a wrong checksum is printed and marked DAMAGED. Where a log cannot be
read on, a line on standard error says where and why, and the next log follows. In both
cases the exit code is 9, and of a log that ends in a transaction torn by a crash too.

` + filterHelp,
		Example: `  zook txnlog dump /var/lib/zookeeper
  zook txnlog dump --path /app/config --data text log.1f00000001
  zook txnlog dump --since 2h --type deletes /var/lib/zookeeper/version-2
  zook txnlog dump --zxid 0x1f00000000..0x1f000000ff -o jsonl log.*.gz | jq .path
  zook txnlog dump -o zkcli log.100000001`,
		Args: args(0, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := filter.check(); err != nil {
				return err
			}
			files, err := env.txnlogs(cmd, args)
			if err != nil {
				return err
			}
			return env.dumpTxns(cmd, filter.filesOf(files), &filter, data)
		},
	}
	f := cmd.Flags()
	f.Var(&data, "data", "`how` to show data: none, text, hex or base64")
	filter.addFlags(f)
	if !env.nested {
		filter.completeTypes(cmd)
		cmd.RegisterFlagCompletionFunc("data", cobra.FixedCompletions(dataModes, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// dumpTxns prints the transactions of the files that the filter wants.
func (e *Env) dumpTxns(cmd *cobra.Command, files []string, filter *txnFilter, data dataMode) error {
	p := e.newTxnPrinter(data)
	shown := &progress{}
	if !e.Terminal { // else it would be in the way
		shown = e.progress("read")
		defer shown.Finish()
	}
	var first error
	report := func(err error) {
		if err = e.report(calledAs(cmd), err); first == nil {
			first = err
		}
	}
	var bad badTxns
	scan := &txnScan{files: files, filter: filter, format: p.format, workers: p.workers, toolkit: e.Format == ZkCli}
	err := scan.run(cmd.Context(), func(b *txnBatch) error {
		shown.done.Add(int64(b.seen))
		if err := p.write(b.out); err != nil {
			return err
		}
		bad.add(b.bad)
		if b.last && bad.count > 0 {
			report(bad.err(b.file))
			bad = badTxns{}
		}
		if b.err != nil {
			report(b.err)
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("%w after %d transactions", err, shown.done.Load())
	}
	return cmp.Or(p.close(), err, first)
}

// err is what is to be said of them.
func (b *badTxns) err(file string) error {
	if b.count == 1 {
		return fmt.Errorf("%s: the transaction at offset %d is %w: %s", file, b.offset, errDamaged, b.reason)
	}
	return fmt.Errorf("%s: %d transactions are %w, the first at offset %d: %s", file, b.count, errDamaged, b.offset, b.reason)
}

// txnPrinter prints the transactions of a scan in the format asked for.
type txnPrinter struct {
	env     *Env
	workers int
	format  func() func([]byte, *loggedTxn) []byte
	table   *txnTable
	written bool
	failed  bool
}

func (e *Env) newTxnPrinter(data dataMode) *txnPrinter {
	p := &txnPrinter{env: e, workers: manyWorkers()}
	switch e.Format {
	case Table:
		p.table = &txnTable{text: newTxnText(Style{}, data)}
		p.workers, p.format = 1, func() func([]byte, *loggedTxn) []byte { return p.table.append }
	case JSON:
		p.format = func() func([]byte, *loggedTxn) []byte {
			f := newTxnJSON(data)
			return func(b []byte, t *loggedTxn) []byte {
				b = f.append(append(b, ",\n  "...), t)
				return b[:len(b)-1]
			}
		}
	default:
		p.format = func() func([]byte, *loggedTxn) []byte { return e.txnFormat(data).append }
	}
	return p
}

func (p *txnPrinter) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if p.env.Format == JSON && !p.written {
		b[0] = '[' // where a comma is
	}
	p.written = true
	_, err := p.env.Out.Write(b)
	p.failed = err != nil
	return err
}

// close ends the output.
func (p *txnPrinter) close() error {
	var err error
	switch {
	case p.failed:
	case p.table != nil:
		err = p.env.print(p.table)
	case p.env.Format == JSON && p.written:
		_, err = io.WriteString(p.env.Out, "\n]\n")
	case p.env.Format == JSON:
		_, err = io.WriteString(p.env.Out, "[]\n")
	}
	return err
}
