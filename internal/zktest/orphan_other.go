//go:build !linux

package zktest

import "os/exec"

func diesWithUs(*exec.Cmd) {} // go test's own end has to do

func startToLast(cmd *exec.Cmd) error { return cmd.Start() }
