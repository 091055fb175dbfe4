package main

import (
	"testing"
	"time"
)

func TestPercentilesAreNearTheTruth(t *testing.T) {
	counted := &latencies{}
	for microseconds := 1; microseconds <= 100_000; microseconds++ {
		counted.add(time.Duration(microseconds) * time.Microsecond)
	}
	for share, milliseconds := range map[float64]time.Duration{0.5: 50, 0.99: 99, 1: 100} {
		want := milliseconds * time.Millisecond
		if got := counted.percentile(share); got < want || float64(got) > 1.07*float64(want) {
			t.Errorf("%v: %v, not %v", share, got, want)
		}
	}
	if empty := (&latencies{}).percentile(0.99); empty != 0 {
		t.Errorf("nothing took %v", empty)
	}
}

func TestEveryDurationHasABucket(t *testing.T) {
	for value := time.Duration(0); value >= 0 && value < 1<<62; value = value*5/4 + 1 {
		if bucket := bucketOf(value); value >= endOf(bucket) || bucket > 0 && value < endOf(bucket-1) {
			t.Fatalf("%d is in bucket %d, from %d to %d", value, bucket, endOf(bucket-1), endOf(bucket))
		}
	}
}
