package main

import "fmt"

// What a line of the producers' history tells.
const (
	outcomeAcknowledged = "acknowledged"
	// It may be in the log or not.
	outcomeInDoubt = "in_doubt"
	// Not a batch: the producer has ended, and `sequence` is the first that it never sent.
	outcomeEnded = "ended"
)

// batch is a line of the history that producers write.
type batch struct {
	Outcome  string `json:"outcome"`
	Producer uint64 `json:"producer"`
	// Of its first record, in the producer's own numbering.
	Sequence uint64 `json:"sequence"`
	Count    uint64 `json:"count"`
	// Of its first record, in the log, if it was acknowledged.
	Offset      uint64 `json:"offset"`
	IsDuplicate bool   `json:"duplicate"`
	// Before it was sent for the first time, and after the acknowledgement had come.
	Sent         nanoseconds `json:"sent_ns"`
	Acknowledged nanoseconds `json:"acknowledged_ns"`
	Attempts     int         `json:"attempts"`
	// Why it is in doubt.
	Reason string `json:"reason,omitempty"`
}

func (b *batch) end() uint64 { return b.Sequence + b.Count }

func (b *batch) endOffset() uint64 { return b.Offset + b.Count }

func (b *batch) String() string {
	return fmt.Sprintf("producer %d sequence %d to %d", b.Producer, b.Sequence, b.end()-1)
}
