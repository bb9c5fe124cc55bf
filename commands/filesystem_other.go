//go:build !linux && !darwin && !windows

package commands

import "errors"

func fileSystem(string) (total, free uint64, err error) { return 0, 0, errors.ErrUnsupported }
