package main

import (
	"sync"
	"time"
)

// progress is what all producers together have done so far.
type progress struct {
	report *report
	// A time between two acknowledgements from this on is reported as soon as it is over.
	gapWorthTelling time.Duration

	mutex        sync.Mutex
	began        nanoseconds
	records      uint64
	batches      uint64
	duplicates   uint64
	inDoubt      uint64
	failed       map[string]uint64
	retries      map[string]uint64
	first        nanoseconds
	last         nanoseconds
	longestGap   time.Duration
	longestEnded nanoseconds
	latency      latencies
}

func newProgress(report *report, gapWorthTelling time.Duration) *progress {
	return &progress{
		report: report, gapWorthTelling: gapWorthTelling, began: now(),
		failed: map[string]uint64{}, retries: map[string]uint64{},
	}
}

// gapLine tells of a time in which nothing was acknowledged.
type gapLine struct {
	Event        string      `json:"event"`
	From         nanoseconds `json:"from_ns"`
	To           nanoseconds `json:"to_ns"`
	Milliseconds float64     `json:"milliseconds"`
}

func (p *progress) acknowledged(batch *batch) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.records += batch.Count
	p.batches++
	if batch.IsDuplicate {
		p.duplicates++
	}
	p.latency.add(batch.Acknowledged.since(batch.Sent))
	p.endGap(batch.Acknowledged)
}

// endGap takes in the time of an acknowledgement. They come from many goroutines, and not quite in order.
func (p *progress) endGap(at nanoseconds) {
	if p.first == 0 {
		p.first, p.last = at, at
	}
	if at <= p.last {
		return
	}
	gap := at.since(p.last)
	if gap > p.longestGap {
		p.longestGap, p.longestEnded = gap, at
	}
	if gap >= p.gapWorthTelling {
		p.report.write(gapLine{"gap", p.last, at, milliseconds(gap)})
	}
	p.last = at
}

func (p *progress) retried(kind string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.retries[kind]++
}

func (p *progress) callFailed(kind string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.failed[kind]++
}

func (p *progress) leftInDoubt() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.inDoubt++
}

type progressLine struct {
	Event   string  `json:"event"`
	Seconds float64 `json:"seconds"`
	Records uint64  `json:"acknowledged_records"`
	Batches uint64  `json:"acknowledged_batches"`
	// Since the last acknowledgement, or since the start.
	Gap         float64     `json:"gap_ms"`
	Last        nanoseconds `json:"last_acknowledged_ns"`
	Retries     uint64      `json:"retries"`
	FailedCalls uint64      `json:"failed_calls"`
}

func (p *progress) line() progressLine {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.lineNow()
}

func (p *progress) lineNow() progressLine {
	at, since := now(), p.last
	if since == 0 {
		since = p.began
	}
	return progressLine{
		"progress", at.since(p.began).Seconds(), p.records, p.batches, milliseconds(at.since(since)), p.last,
		sum(p.retries), sum(p.failed),
	}
}

type totalsLine struct {
	progressLine
	Duplicates uint64 `json:"duplicate_batches"`
	InDoubt    uint64 `json:"batches_in_doubt"`
	// Between two acknowledgements of whichever producers, and when it was over.
	LongestGap      float64            `json:"longest_gap_ms"`
	LongestGapEnded nanoseconds        `json:"longest_gap_ended_ns"`
	RetriesByKind   map[string]uint64  `json:"retries_by_kind"`
	FailedByKind    map[string]uint64  `json:"failed_calls_by_kind"`
	Latency         map[string]float64 `json:"latency_ms"`
}

// totals is the last line. Latency is from the first sending of a batch to its acknowledgement, retries and all.
func (p *progress) totals() totalsLine {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	line := totalsLine{
		p.lineNow(), p.duplicates, p.inDoubt, milliseconds(p.longestGap), p.longestEnded, p.retries, p.failed,
		map[string]float64{"maximum": milliseconds(p.latency.most)},
	}
	line.Event = "totals"
	for name, share := range map[string]float64{"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999} {
		line.Latency[name] = milliseconds(p.latency.percentile(share))
	}
	return line
}

func sum(counts map[string]uint64) (total uint64) {
	for _, count := range counts {
		total += count
	}
	return total
}
