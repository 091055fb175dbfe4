package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopOnSignal gives a context that ends with the first SIGTERM or SIGINT: the commands then finish what they have
// begun and report. A second signal ends the process as it would any other.
func stopOnSignal(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		signal.Stop(signals)
		cancel()
	}()
	return ctx
}

// untilTime limits a context to a duration; none is for ever.
func untilTime(parent context.Context, duration time.Duration) (context.Context, context.CancelFunc) {
	if duration == 0 {
		return context.WithCancel(parent)
	}
	return context.WithTimeout(parent, duration)
}

// untilEnd limits a context to the time until input ends.
func untilEnd(parent context.Context, input io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		io.Copy(io.Discard, input)
		cancel()
	}()
	return ctx, cancel
}

// pause waits, and says whether the context still goes on.
func pause(ctx context.Context, duration time.Duration) bool {
	if duration <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
