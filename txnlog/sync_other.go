//go:build !linux

package txnlog

import "os"

func syncData(f *os.File) error { return f.Sync() }
