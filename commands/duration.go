package commands

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// duration is a flag: "5s", "500ms", or zkCli's plain number of milliseconds.
type duration time.Duration

func (d *duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if ms, e := strconv.ParseInt(s, 10, 64); e == nil {
		v, err = time.Duration(ms)*time.Millisecond, nil
		if ms > math.MaxInt64/int64(time.Millisecond) {
			return errors.New("it is too long")
		}
	}
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 500ms, 5s or 2m", s)
	}
	if v <= 0 {
		return errors.New("it must be more than zero")
	}
	*d = duration(v)
	return nil
}

func (d *duration) Type() string { return "duration" }

func (d *duration) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}
