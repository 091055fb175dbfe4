package main

import "sync"

// violation is a promise that was broken, as it is reported.
type violation struct {
	Event string `json:"event"`
	// The promise, in a word or two.
	What     string  `json:"what"`
	Replica  string  `json:"replica,omitempty"`
	Offset   *uint64 `json:"offset,omitempty"`
	Producer *uint64 `json:"producer,omitempty"`
	Sequence *uint64 `json:"sequence,omitempty"`
	Detail   string  `json:"detail"`
	// The calls that contradict each other, of a history.
	Operations []*operation `json:"operations,omitempty"`
}

// maximumReported violations of one kind are printed; all are counted. When something is wrong it is often wrong with
// each record.
const maximumReported = 20

// violations collects them, from any number of goroutines.
type violations struct {
	report *report
	mutex  sync.Mutex
	counts map[string]uint64
}

func newViolations(report *report) *violations {
	return &violations{report: report, counts: map[string]uint64{}}
}

func (v *violations) add(violation violation) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.counts[violation.What]++
	if v.counts[violation.What] <= maximumReported {
		violation.Event = "violation"
		v.report.write(violation)
	}
}

func (v *violations) byKind() map[string]uint64 {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	copied := map[string]uint64{}
	for what, count := range v.counts {
		copied[what] = count
	}
	return copied
}

// ending is how a command ends that has found these.
func (v *violations) ending() error {
	if sum(v.byKind()) > 0 {
		return errBroken
	}
	return nil
}

func pointer(value uint64) *uint64 { return &value }
