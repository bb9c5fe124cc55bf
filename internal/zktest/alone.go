package zktest

import (
	"os"
	"os/exec"
	"testing"
)

// Alone runs the calling test once more, in a process of its own, and is true there.
// For what changes the process as a whole, such as a limit on the length of files:
// the testing package itself writes files, and would meet it.
func Alone(t *testing.T) bool {
	t.Helper()
	const key = "ZOOK_TEST_ALONE"
	if os.Getenv(key) == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), key+"="+t.Name())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	}
	return false
}
