package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// nanoseconds is a time by CLOCK_MONOTONIC, which all processes of a machine share: histories of several clients can be
// put together, and faults be placed among them. Go's own monotonic time counts from the start of its process.
type nanoseconds int64

func now() nanoseconds {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
		panic("clock_gettime(CLOCK_MONOTONIC): " + err.Error())
	}
	return nanoseconds(at.Nano())
}

func (t nanoseconds) plus(duration time.Duration) nanoseconds { return t + nanoseconds(duration) }

func (t nanoseconds) since(earlier nanoseconds) time.Duration { return time.Duration(t - earlier) }

func milliseconds(duration time.Duration) float64 { return float64(duration.Microseconds()) / 1000 }
