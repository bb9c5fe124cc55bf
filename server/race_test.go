//go:build race

package server

// raceEnabled says that the race detector takes memory, too.
const raceEnabled = true
