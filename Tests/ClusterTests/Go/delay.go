package main

import (
	"math/rand"
	"time"
)

const (
	minimumBackoff = 10 * time.Millisecond
	// As the time without acknowledgements is measured, it stays far below an election time-out.
	maximumBackoff = 200 * time.Millisecond
)

// retryDelay is how long to wait before another attempt: doubled with each, and half of it left to chance, so that
// callers that failed together do not come back together.
func retryDelay(attempts int) time.Duration {
	limit := maximumBackoff
	if attempts < 6 {
		if doubled := minimumBackoff << uint(attempts); doubled < limit {
			limit = doubled
		}
	}
	return limit/2 + time.Duration(rand.Int63n(int64(limit/2)))
}
