//go:build !linux

package server

// limitFileSize is only asked for by tests of Linux.
func limitFileSize(uint64) {}

// limitFiles too.
func limitFiles(uint64) {}
