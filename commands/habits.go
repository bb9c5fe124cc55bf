package commands

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// This file is the one place that knows the habits of zkCli.sh: it rewrites the
// words of a line into those that cobra takes.
//
//   - Long flags may have one dash: -server h, reconfig -add s.
//   - Commands are found in any case: getacl is getAcl.
//   - A negative number is an argument, not a flag: set /a data -1.
//   - Of two arguments, the last one being watch, true or 1 means -w, for ls,
//     ls2, get and stat: get /a 1. Of three, the last is the version for set; of
//     two, the last one being a number is the version for delete.
//
// Flags and arguments may be mixed in any order, as in zkCli.

// modern returns words with flags first, then "--", then arguments.
func modern(root *cobra.Command, words []string) ([]string, error) {
	if len(words) > 0 && (words[0] == cobra.ShellCompRequestCmd || words[0] == cobra.ShellCompNoDescRequestCmd) {
		return words, nil
	}
	cmd := root
	names := []string{} // cobra takes nil for the words of the process
	var flags, args []string
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "--":
			args = append(args, words[i+1:]...)
			i = len(words)
		case isFlag(word) && (cmd.Annotations[ownWords] == "" || isGlobal(root, word)):
			flag, takesValue := longFlag(cmd, word)
			flags = append(flags, flag)
			if !takesValue {
				continue
			}
			if i++; i == len(words) {
				return nil, named(cmd.Name(), usagef("%s needs a value (%s --help)", flag, cmd.CommandPath()))
			}
			flags = append(flags, words[i])
		case cmd.HasSubCommands() && len(args) == 0:
			sub, name, err := findCommand(cmd, word)
			if err != nil {
				return nil, err
			}
			cmd, names = sub, append(names, name)
		default:
			args = append(args, word)
		}
	}
	if old, ok := oldForms[cmd.Name()]; ok {
		more, rest := old(args)
		flags, args = append(flags, more...), rest
	}
	all := append(names, flags...)
	if len(args) > 0 {
		all = append(append(all, "--"), args...)
	}
	return all, nil
}

// ownWords is an annotation of commands whose arguments have flags of their own:
// only those of every command are taken out.
const ownWords = "ownWords"

func isGlobal(root *cobra.Command, word string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if name == "" {
		return false
	}
	f := root.PersistentFlags()
	return name == "help" || name == "h" || len(name) > 1 && f.Lookup(name) != nil || f.ShorthandLookup(name[:1]) != nil
}

var oldForms = map[string]func(args []string) (flags, rest []string){
	"ls": watchWord, "ls2": watchWord, "get": watchWord, "stat": watchWord,
	"set": func(args []string) ([]string, []string) {
		if len(args) == 3 {
			return []string{"-v", args[2]}, args[:2]
		}
		return nil, args
	},
	"delete": func(args []string) ([]string, []string) {
		if len(args) == 2 && isNumber(args[1]) {
			return []string{"-v", args[1]}, args[:1]
		}
		return nil, args
	},
}

func watchWord(args []string) (flags, rest []string) {
	if len(args) == 2 && slices.Contains([]string{"watch", "true", "1"}, args[1]) {
		return []string{"-w"}, args[:1]
	}
	return nil, args
}

func isFlag(word string) bool {
	return len(word) > 1 && word[0] == '-' && !isNumber(word)
}

func isNumber(word string) bool {
	_, err := strconv.ParseInt(word, 10, 64)
	return err == nil
}

// longFlag gives a long flag its second dash, and tells whether the next word is
// the value of the flag.
func longFlag(cmd *cobra.Command, word string) (flag string, takesValue bool) {
	name, _, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if f := lookup(cmd, name); f != nil && len(name) > 1 {
		return "--" + strings.TrimLeft(word, "-"), !hasValue && f.NoOptDefVal == ""
	}
	if strings.HasPrefix(word, "--") {
		return word, false
	}
	// Short flags together: the first that takes a value takes the rest of the word.
	for i, letter := range name {
		f := lookupShort(cmd, string(letter))
		if f == nil {
			break
		}
		if f.NoOptDefVal == "" {
			return word, !hasValue && i == len(name)-len(string(letter))
		}
	}
	return word, false
}

func lookup(cmd *cobra.Command, name string) *pflag.Flag {
	if name == "help" {
		return &pflag.Flag{NoOptDefVal: "true"} // which cobra adds later
	}
	if f := cmd.Flags().Lookup(name); f != nil {
		return f
	}
	for c := cmd; c != nil; c = c.Parent() {
		if f := c.PersistentFlags().Lookup(name); f != nil {
			return f
		}
	}
	return nil
}

func lookupShort(cmd *cobra.Command, letter string) *pflag.Flag {
	if len(letter) != 1 {
		return nil
	}
	if f := cmd.Flags().ShorthandLookup(letter); f != nil {
		return f
	}
	return cmd.Root().PersistentFlags().ShorthandLookup(letter)
}

// findCommand finds a command of parent by its name or alias, in any case. It
// returns the name as the command spells it.
func findCommand(parent *cobra.Command, word string) (cmd *cobra.Command, spelt string, err error) {
	var names []string
	for _, same := range []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		strings.EqualFold,
	} {
		for _, c := range parent.Commands() {
			all := append([]string{c.Name()}, c.Aliases...)
			for _, name := range all {
				if same(name, word) {
					return c, name, nil
				}
			}
			if !c.Hidden {
				names = append(names, all...)
			}
		}
	}
	text := "unknown command " + strconv.Quote(word)
	if n := nearest(word, names); n != "" {
		text += ", did you mean " + n + "?"
	}
	return nil, "", usagef("%s (zook help lists the commands)", text)
}
