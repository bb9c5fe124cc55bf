package commands

import (
	"fmt"
	"io"
	"strings"
)

// statsRow is a line of stats: what, how many or how much, and what of.
type statsRow struct{ what, value, of string }

// printStats prints groups of rows: single facts first, then a list each.
func printStats(w io.Writer, s Style, groups [][]statsRow) {
	for i, group := range groups {
		if s.Terminal && i > 0 && len(group) > 0 {
			fmt.Fprintf(w, "\n%s\n", s.Paint(group[0].what, bold))
		}
		for _, r := range group {
			switch {
			case !s.Terminal:
				fmt.Fprintln(w, strings.TrimRight(r.what+"\t"+r.value+"\t"+r.of, "\t"))
			case i == 0:
				fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-16s %s %s", r.what, r.value, r.of), " "))
			default:
				fmt.Fprintf(w, "%12s  %s\n", r.value, r.of)
			}
		}
	}
}

// statsTable is the groups as one table.
func statsTable(groups [][]statsRow) (columns []string, rows [][]string) {
	for _, group := range groups {
		for _, r := range group {
			rows = append(rows, []string{r.what, r.value, r.of})
		}
	}
	return []string{"what", "value", "of"}, rows
}
