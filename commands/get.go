package commands

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"zook/jute"
)

// content is what get prints of one znode.
type content struct {
	Path   string  `json:"path"`
	Data   *string `json:"data"`                 // if it is UTF-8; null if the znode has none
	Base64 []byte  `json:"dataBase64,omitempty"` // if it is not
	Stat   *Stat   `json:"stat,omitempty"`

	data   []byte
	header bool
	more   bool // something follows: the data ends its line
}

func newContent(path string, data []byte) *content {
	c := &content{Path: path, data: data}
	switch {
	case data == nil:
	case utf8.Valid(data):
		text := string(data)
		c.Data = &text
	default:
		c.Base64 = data
	}
	return c
}

// Text writes the data byte for byte to a program. For eyes, and where something
// follows, it ends in a new line; for eyes it is a hex dump if it is not text.
func (c *content) Text(w io.Writer, s Style) {
	printHeader(w, c.Path, c.header, s)
	switch {
	case s.Terminal && !isText(c.data):
		io.WriteString(w, hex.Dump(c.data))
	default:
		w.Write(c.data)
	}
	endsLine := len(c.data) == 0 || c.data[len(c.data)-1] == '\n' || s.Terminal && !isText(c.data)
	if (s.Terminal || c.more) && !endsLine {
		fmt.Fprintln(w)
	}
	if c.Stat != nil {
		c.Stat.Text(w, c.Path, s)
	}
}

// isText reports whether data can be shown on a terminal.
func isText(data []byte) bool {
	return utf8.Valid(data) && bytes.IndexFunc(data, func(r rune) bool {
		return isControl(r) && !strings.ContainsRune("\n\t\r", r)
	}) == -1
}

func (c *content) Row(s Style) ([]string, [][]string) {
	text := printable(string(c.data))
	if !isText(c.data) {
		text = hex.EncodeToString(c.data)
	}
	columns, row := []string{"path"}, []string{printable(c.Path)}
	if c.Stat != nil {
		columns, row = c.Stat.row(c.Path, s)
	}
	return append(columns, "data"), [][]string{append(row, text)}
}

func (c *content) ZkCli(w io.Writer) {
	text := strings.ToValidUTF8(string(c.data), "\uFFFD")
	if c.data == nil {
		text = "null"
	}
	fmt.Fprintln(w, text)
	if c.Stat != nil {
		zkcliStat(w, &c.Stat.stat)
	}
}

func newGet(env *Env) *cobra.Command {
	var stat, watch, pretty bool
	cmd := &cobra.Command{
		Use:   "get PATH...",
		Short: "Print the data of znodes",
		Long: `Print the data of znodes, byte for byte into a pipe or a file. On a terminal, data
that is not text is shown as a hex dump.

In JSON, data is a string; null if the znode has none; data that is not UTF-8 is in
dataBase64 instead.

` + watchHelp,
		Example: `  zook get /app/config > config.xml
  zook get --json /brokers/ids/0
  zook get -s /a /b
  zook get -w /app/config         # wait for the next change`,
		Args:              args(1, -1),
		ValidArgsFunction: env.completePaths(-1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := env.eachPath(cmd, env.Printer(len(args) > 1), args, func(ctx context.Context, path string) (Item, error) {
				data, st, err := env.get(ctx, path, watch)
				if err != nil {
					return nil, err
				}
				if pretty {
					if data, err = indentJSON(data); err != nil {
						return nil, err
					}
				}
				c := newContent(path, data)
				c.header, c.more = len(args) > 1, stat || watch
				if stat {
					c.Stat = NewStat(st)
				}
				return c, nil
			})
			return env.awaitEvent(cmd, watch, err)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&stat, "stat", "s", false, "and the metadata")
	f.BoolVarP(&watch, "watch", "w", false, "watch for the next change of the data")
	f.BoolVar(&pretty, "json", false, "the data is JSON: indent it")
	return cmd
}

// get is Get, with a watch if watch is set.
func (e *Env) get(ctx context.Context, path string, watch bool) ([]byte, jute.Stat, error) {
	if watch {
		c, err := e.Session(ctx)
		if err != nil {
			return nil, jute.Stat{}, err
		}
		return c.GetW(ctx, path)
	}
	z, err := e.Znodes(ctx)
	if err != nil {
		return nil, jute.Stat{}, err
	}
	return z.Get(ctx, path)
}

// indentJSON lays out a JSON document, which keeps its numbers and the order of
// its keys.
func indentJSON(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, errors.New("the data is not JSON: there is none")
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(data), "", "  "); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("the data is not JSON, at byte %d: %w", syntax.Offset, err)
		}
		return nil, fmt.Errorf("the data is not JSON: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
