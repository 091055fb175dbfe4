package main

import (
	"fmt"
	"math"
	"sort"
)

// expectation is what the histories of producers say about the log.
type expectation struct {
	// By offset.
	acknowledged []*batch
	senders      map[uint64]*sender
}

// sender is what one producer has sent.
type sender struct {
	// By sequence, without gaps from 0 to the end.
	batches []*batch
	// The first sequence that it never sent.
	end      uint64
	hasEnded bool
}

func readExpectation(paths []string) (*expectation, error) {
	expected := &expectation{senders: map[uint64]*sender{}}
	for _, path := range paths {
		err := readJournal(path, func(decode func(interface{}) error) error {
			line := &batch{}
			if err := decode(line); err != nil {
				return err
			}
			return expected.add(line)
		})
		if err != nil {
			return nil, err
		}
	}
	return expected, expected.finish()
}

func (e *expectation) add(line *batch) error {
	from := e.senders[line.Producer]
	if from == nil {
		from = &sender{}
		e.senders[line.Producer] = from
	}
	switch line.Outcome {
	case outcomeAcknowledged:
		e.acknowledged = append(e.acknowledged, line)
		from.batches = append(from.batches, line)
	case outcomeInDoubt:
		from.batches = append(from.batches, line)
	case outcomeEnded:
		from.end, from.hasEnded = line.Sequence, true
	default:
		return fmt.Errorf("there is no outcome %q", line.Outcome)
	}
	return nil
}

// finish sorts, and sees to it that the history is whole: one that lacks a line proves nothing.
func (e *expectation) finish() error {
	for id, from := range e.senders {
		sort.Slice(from.batches, func(i, j int) bool { return from.batches[i].Sequence < from.batches[j].Sequence })
		if !from.hasEnded {
			return fmt.Errorf("the history of producer %d has no end: was its process killed?", id)
		}
		next := uint64(0)
		for _, batch := range from.batches {
			if batch.Sequence != next || batch.Count == 0 {
				return fmt.Errorf("the history of producer %d lacks sequence %d", id, next)
			}
			next = batch.end()
		}
		if next != from.end {
			return fmt.Errorf("the history of producer %d goes to sequence %d of %d", id, next, from.end)
		}
	}
	sort.SliceStable(e.acknowledged, func(i, j int) bool { return e.acknowledged[i].Offset < e.acknowledged[j].Offset })
	return nil
}

// endOffset is where the log ends at the earliest.
func (e *expectation) endOffset() (end uint64) {
	for _, batch := range e.acknowledged {
		if batch.endOffset() > end {
			end = batch.endOffset()
		}
	}
	return end
}

// checkAcknowledgements finds acknowledgements that contradict each other, whatever is in the log: two of one offset,
// and a batch that was sent after another was acknowledged and stands before it.
func (e *expectation) checkAcknowledgements(add func(violation)) {
	for place := 1; place < len(e.acknowledged); place++ {
		before, batch := e.acknowledged[place-1], e.acknowledged[place]
		if before.endOffset() > batch.Offset {
			add(batch.violation("acknowledged twice", batch.Offset, fmt.Sprintf("the offset is also that of %v", before)))
		}
	}
	earliest, behind := nanoseconds(math.MaxInt64), (*batch)(nil)
	for place := len(e.acknowledged) - 1; place >= 0; place-- {
		batch := e.acknowledged[place]
		if earliest < batch.Sent {
			add(batch.violation("order", batch.Offset, fmt.Sprintf(
				"sent %v after the acknowledgement of offset %d, of %v", batch.Sent.since(earliest), behind.Offset, behind)))
		}
		if batch.Acknowledged < earliest {
			earliest, behind = batch.Acknowledged, batch
		}
	}
}

func (b *batch) violation(what string, offset uint64, detail string) violation {
	return violation{
		What: what, Offset: pointer(offset), Producer: pointer(b.Producer),
		Sequence: pointer(b.Sequence + offset - b.Offset), Detail: detail,
	}
}
