package commands

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// isAlive reports whether there is a process of this number.
func isAlive(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h)
	var code uint32
	const stillActive = 259
	return windows.GetExitCodeProcess(h, &code) == nil && code == stillActive
}

// terminate ends a process: one without a console cannot be asked. What it acknowledged is
// on the disk.
func terminate(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

// commandLine is not to be had without reading another process's memory.
func commandLine(int) string { return "" }

// detach makes a command outlive us and our console.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}
