// Package durable makes what was done to a directory outlast a crash.
package durable

import (
	"os"
	"runtime"
)

// Dir makes the names in dir durable. Windows has no call for that.
func Dir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
