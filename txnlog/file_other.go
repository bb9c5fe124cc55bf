//go:build !linux

package txnlog

import "os"

func syncData(f *os.File) error { return f.Sync() }

// seekData would skip a hole in the file; holes are read as zeros here.
func seekData(_ *os.File, offset int64) (int64, error) { return offset, nil }
