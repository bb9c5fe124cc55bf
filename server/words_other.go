//go:build !unix

package server

func osVersion() string { return "" }

func openFiles() (open, limit int64) { return -1, -1 }
