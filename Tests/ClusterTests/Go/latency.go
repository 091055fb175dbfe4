package main

import (
	"math/bits"
	"time"
)

// latencies counts durations in buckets of 1/16 of a power of two, so that any number of them takes the same memory and
// a percentile is right to 7 %.
type latencies struct {
	counts [64 * 16]uint64
	total  uint64
	most   time.Duration
}

func bucketOf(duration time.Duration) int {
	value := uint64(duration)
	if value < 16 {
		return int(value)
	}
	shift := bits.Len64(value) - 5
	return (shift+1)*16 + int(value>>uint(shift)) - 16
}

// endOf is the least duration beyond a bucket.
func endOf(bucket int) time.Duration {
	if bucket < 16 {
		return time.Duration(bucket + 1)
	}
	shift := bucket/16 - 1
	return time.Duration(bucket%16+17) << uint(shift)
}

func (l *latencies) add(duration time.Duration) {
	if duration < 0 {
		duration = 0
	}
	l.counts[bucketOf(duration)]++
	l.total++
	if duration > l.most {
		l.most = duration
	}
}

// percentile is a duration that the share of all that were added did not exceed.
func (l *latencies) percentile(share float64) time.Duration {
	wanted := uint64(share * float64(l.total))
	seen := uint64(0)
	for bucket, count := range l.counts {
		seen += count
		if count > 0 && seen >= wanted {
			if end := endOf(bucket); end < l.most {
				return end
			}
			return l.most
		}
	}
	return l.most
}
