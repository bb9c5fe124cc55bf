//go:build !linux

package server

func totalMemory() uint64 { return 0 }
