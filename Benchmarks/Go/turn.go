package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// order is what the callers of a turn are asked to do.
type order struct {
	callers int
	// bytes of each record.
	bytes int
	// batch is how many records a streamed message carries.
	batch int
	// inFlight is how many records a caller that streams may have sent without an answer.
	inFlight int
	// length of a turn; of one that ends after a number of records, the longest.
	length time.Duration
	// records of a turn, if it ends after so many.
	records int64
}

// turn is one execution of an order.
type turn struct {
	order
	// Ends when the turn has taken far too long.
	context.Context
	start time.Time
	left  atomic.Int64
}

// take reports whether count more records are to be sent.
func (t *turn) take(count int) bool {
	if t.records > 0 {
		return t.left.Add(-int64(count)) >= 0
	}
	return time.Since(t.start) < t.length
}

// answerTime is what the answers of a turn may take beyond its length: far more than a busy disk takes.
const answerTime = 60 * time.Second

// outcome is what a turn came to.
type outcome struct {
	records int
	elapsed time.Duration
	usage   usage
}

// run returns when all callers have all their answers. The processes' usage is that of the turn.
func (o order) run(session session, processes processes) (outcome, error) {
	before, err := processes.usage()
	if err != nil {
		return outcome{}, err
	}
	limit, cancel := context.WithTimeout(context.Background(), o.length+answerTime)
	defer cancel()
	turn := turn{order: o, Context: limit, start: time.Now()}
	turn.left.Store(o.records)
	completed := make([]int, o.callers)
	errors := make([]error, o.callers)
	var group sync.WaitGroup
	for caller := 0; caller < o.callers; caller++ {
		group.Add(1)
		go func(caller int) {
			defer group.Done()
			completed[caller], errors[caller] = session.run(caller, &turn)
		}(caller)
	}
	group.Wait()
	result := outcome{elapsed: time.Since(turn.start)}
	for caller := range completed {
		if errors[caller] != nil {
			return outcome{}, errors[caller]
		}
		result.records += completed[caller]
	}
	after, err := processes.usage()
	result.usage = after.since(before)
	return result, err
}

// window bounds how many messages are sent without an answer: the sender waits at a full one.
type window chan struct{}

func newWindow(messages int) window {
	if messages < 1 {
		messages = 1
	}
	return make(window, messages)
}

func (w window) enter(context context.Context) error {
	select {
	case w <- struct{}{}:
		return nil
	case <-context.Done():
		return context.Err()
	}
}

func (w window) leave() { <-w }
