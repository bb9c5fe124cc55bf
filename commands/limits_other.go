//go:build !linux && !darwin

package commands

import "errors"

func openFiles() (uint64, error) { return 0, errors.ErrUnsupported }
