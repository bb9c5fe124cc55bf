package commands

import (
	"fmt"
	"math"
	"math/rand"
	"testing"
	"time"
)

// What Java 17 prints.
func TestClockWritesDatesAsJava(t *testing.T) {
	if !inZone(t, "UTC") {
		return
	}
	c := newClock()
	for ms, want := range map[int64]string{
		math.MinInt64:      "Sun Dec 02 16:47:04 UTC 292269055", // before Christ
		math.MaxInt64:      "Sun Aug 17 07:12:55 UTC 292278994",
		-1:                 "Wed Dec 31 23:59:59 UTC 1969",
		0:                  "Thu Jan 01 00:00:00 UTC 1970",
		999:                "Thu Jan 01 00:00:00 UTC 1970",
		-62135769600000:    "Sat Jan 01 00:00:00 UTC 1",
		-62135769600001:    "Fri Dec 31 23:59:59 UTC 1",
		-62167392000001:    "Wed Dec 31 23:59:59 UTC 2",
		-12219292800000:    "Fri Oct 15 00:00:00 UTC 1582",
		-12219292800001:    "Thu Oct 04 23:59:59 UTC 1582",
		253402300799999:    "Fri Dec 31 23:59:59 UTC 9999",
		253402300800000:    "Sat Jan 01 00:00:00 UTC 10000",
		-1000000000000000:  "Tue Nov 16 22:13:20 UTC 29720",
		-2208988800000:     "Mon Jan 01 00:00:00 UTC 1900",
		-99999999999999:    "Thu Feb 26 14:13:20 UTC 1200",
		1709210096_000:     "Thu Feb 29 12:34:56 UTC 2024",
		1709251199_999:     "Thu Feb 29 23:59:59 UTC 2024",
		951782400_000:      "Tue Feb 29 00:00:00 UTC 2000",
		4107542400_000:     "Mon Mar 01 00:00:00 UTC 2100",
		1735689599_000 + 1: "Tue Dec 31 23:59:59 UTC 2024",
	} {
		if got := string(c.appendJava(nil, ms)); got != want {
			t.Errorf("%d: got %s, want %s", ms, got, want)
		}
	}
}

// In any zone, and across its changes, the clock says what package time does.
func TestClockInZones(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"} {
		if !inZone(t, name) {
			continue
		}
		c := newClock()
		for i := range 20000 {
			ms := r.Int63n(4e12) - 1e12
			if i%1000 == 0 {
				c.appendJava(nil, -3e12) // before there were zones
			}
			if _, change := time.UnixMilli(ms).ZoneBounds(); i%2 == 0 && !change.IsZero() {
				ms = change.UnixMilli() + r.Int63n(7200_000) - 3600_000
			}
			at := time.UnixMilli(ms)
			want := fmt.Sprint(Time(ms), at.Format(" Mon Jan 02 15:04:05 "), javaZone(at), at.Format(" 2006"))
			got := string(c.appendJava(append(c.appendTime(nil, ms), ' '), ms))
			if got != want {
				t.Fatalf("%s, %d: got %s, want %s", name, ms, got, want)
			}
		}
	}
}

// The names that Java 17 has, whatever the zone database says.
func TestJavaZones(t *testing.T) {
	for zone, want := range map[string][2]string{ // at the epoch, and in July 2024
		"UTC": {"UTC", "UTC"}, "Europe/London": {"GMT", "BST"}, "Europe/Riga": {"EET", "EEST"}, "Asia/Singapore": {"SGT", "SGT"},
		"America/Sao_Paulo": {"BRT", "BRT"}, "Europe/Istanbul": {"TRT", "TRT"}, "Asia/Tokyo": {"JST", "JST"}, "Etc/GMT+3": {"GMT-03:00", "GMT-03:00"},
		"America/New_York": {"EST", "EDT"}, "Asia/Barnaul": {"GMT+07:00", "GMT+07:00"}, "Australia/Sydney": {"AEST", "AEST"}, "America/Santiago": {"CLST", "CLT"},
	} {
		if !inZone(t, zone) {
			continue
		}
		if got := [2]string{javaZone(time.Unix(0, 0)), javaZone(time.Unix(1_720_000_000, 0))}; got != want {
			t.Errorf("%s: got %q, want %q", zone, got, want)
		}
	}
}
