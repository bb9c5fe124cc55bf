package datadir

import (
	"os"
	"testing"
)

func TestXProf(t *testing.T) {
	d := os.Getenv("XDIR")
	if d == "" {
		t.Skip()
	}
	st, err := Open(d, "").At(t.Context(), Moment{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(st.Tree.Counts().Znodes, st.Replayed)
}
