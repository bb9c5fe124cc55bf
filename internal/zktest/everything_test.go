package zktest

import (
	"path/filepath"
	"testing"
)

func TestEverything(t *testing.T) {
	s := Everything(t)
	for _, pattern := range []string{"log.*", "snapshot.*"} {
		files, _ := filepath.Glob(filepath.Join(s.DataDir, "version-2", pattern))
		if len(files) != 2 {
			t.Errorf("%v, want two files", files)
		}
	}
}
