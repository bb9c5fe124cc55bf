package commands

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 10, 14, 30, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"2026-03-09T23:00:00Z":     time.Date(2026, 3, 9, 23, 0, 0, 0, time.UTC),
		"2026-03-09T23:00:00.5Z":   time.Date(2026, 3, 9, 23, 0, 0, 5e8, time.UTC),
		"2026-03-09 23:00:01":      time.Date(2026, 3, 9, 23, 0, 1, 0, time.Local),
		"2026-03-09 23:00":         time.Date(2026, 3, 9, 23, 0, 0, 0, time.Local),
		"2026-03-09":               time.Date(2026, 3, 9, 0, 0, 0, 0, time.Local),
		"14:00":                    time.Date(2026, 3, 10, 14, 0, 0, 0, time.Local),
		"15:00":                    time.Date(2026, 3, 9, 15, 0, 0, 0, time.Local), // not yet today
		"90m":                      now.Add(-90 * time.Minute),
		"2d":                       now.AddDate(0, 0, -2),
		"1d2h":                     now.AddDate(0, 0, -1).Add(-2 * time.Hour),
		"2026-03-09T23:00:00.123Z": time.Date(2026, 3, 9, 23, 0, 0, 123e6, time.UTC),
	} {
		got, err := parseTime(text, now)
		if err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "soon", "-5m", "25:00", "2026-13-01", "d", "99999999999d"} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
}

func TestMomentFlags(t *testing.T) {
	var m moment
	if err := m.Set("0xFF"); err != nil || !m.isZxid || m.zxid != 255 || m.String() != "0xff" {
		t.Errorf("%+v, %v", m, err)
	}
	if err := m.Set("2026-03-09T23:00:00Z"); err != nil || m.isZxid || m.time.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
	if err := m.Set("yesterday"); err == nil {
		t.Error("yesterday is no moment")
	}
	for text, want := range map[string][3]bool{ // holds 0xf, 0x10, 0x11
		"0x10..0x10": {false, true, false},
		"16":         {false, true, false},
		"0x10..":     {false, true, true},
		"..0x10":     {true, true, false},
	} {
		var r zxidRange
		if err := r.Set(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got := [3]bool{r.holds(15), r.holds(16), r.holds(17)}; got != want {
			t.Errorf("%s holds %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "..", "5..1", "a..b", "0x1...0x2"} {
		if err := new(zxidRange).Set(text); err == nil {
			t.Errorf("%q was taken for a range", text)
		}
	}
}
