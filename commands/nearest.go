package commands

import "strings"

// nearest is the candidate that word was probably meant to be, "" if none is
// near: one that starts with it, or one that differs in a third of it at most.
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	best, bestDistance := "", max(2, len(word)/3+1)
	for _, c := range candidates {
		if len(word) > 1 && strings.HasPrefix(strings.ToLower(c), word) {
			return c
		}
		if d := editDistance(word, strings.ToLower(c)); d < bestDistance && d < len(word) {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance counts the letters to insert, remove, change or swap with their
// neighbour to get from a to b.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
