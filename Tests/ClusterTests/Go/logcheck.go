package main

import (
	"fmt"
	"sort"
)

// logCheck compares the log of one replica with what is expected. It takes the records one after the other and keeps
// none.
type logCheck struct {
	expected *expectation
	replica  string
	sink     func(violation)

	// The offset of the record that comes next.
	next uint64
	// The first acknowledged batch that is not yet behind.
	place     int
	positions map[uint64]*position
	records   uint64
	// Records that no producer of this program has made.
	foreign uint64
}

// position is how far a producer's records have come.
type position struct {
	*sender
	// The sequence of the record that comes next, and the batch that it is of.
	next  uint64
	place int
	// Of the record before.
	offset uint64
}

func newLogCheck(expected *expectation, replica string, sink func(violation)) *logCheck {
	check := &logCheck{expected: expected, replica: replica, sink: sink, positions: map[uint64]*position{}}
	for id, sender := range expected.senders {
		check.positions[id] = &position{sender: sender}
	}
	return check
}

func (c *logCheck) add(violation violation) {
	violation.Replica = c.replica
	c.sink(violation)
}

func (c *logCheck) take(record record) {
	if record.offset != c.next {
		detail := fmt.Sprintf("offset %d was to come", c.next)
		c.add(violation{What: "offsets not dense", Offset: pointer(record.offset), Detail: detail})
	}
	c.next = record.offset + 1
	c.records++
	producer, sequence, isOurs, err := parseValue(record.value)
	c.takeAcknowledged(record.offset, producer, sequence, isOurs && err == nil)
	switch {
	case !isOurs:
		c.foreign++
	case err != nil:
		c.add(violation{
			What: "damaged", Offset: pointer(record.offset), Producer: pointer(producer), Sequence: pointer(sequence),
			Detail: err.Error(),
		})
	default:
		c.takeInSequence(record.offset, producer, sequence)
	}
}

// takeAcknowledged looks whether another record was acknowledged at the offset.
func (c *logCheck) takeAcknowledged(offset, producer, sequence uint64, isWhole bool) {
	for c.place < len(c.expected.acknowledged) && c.expected.acknowledged[c.place].endOffset() <= offset {
		c.place++
	}
	if c.place == len(c.expected.acknowledged) || c.expected.acknowledged[c.place].Offset > offset {
		return
	}
	batch := c.expected.acknowledged[c.place]
	if isWhole && producer == batch.Producer && sequence == batch.Sequence+offset-batch.Offset {
		return
	}
	found := "a record of nobody's"
	if isWhole {
		found = fmt.Sprintf("producer %d sequence %d", producer, sequence)
	}
	c.add(batch.violation("lost", offset, "acknowledged there; there is "+found))
}

// takeInSequence looks whether the record is the producer's next.
func (c *logCheck) takeInSequence(offset, producer, sequence uint64) {
	violated := func(what, detail string) {
		c.add(violation{
			What: what, Offset: pointer(offset), Producer: pointer(producer), Sequence: pointer(sequence), Detail: detail,
		})
	}
	at := c.positions[producer]
	switch {
	case at == nil:
		violated("unknown producer", "no history has this producer")
		return
	case sequence >= at.end:
		violated("never sent", fmt.Sprintf("the producer has sent nothing from sequence %d on", at.end))
		return
	case sequence < at.next:
		violated("doubled", "the producer's records up to this sequence came before")
		return
	case sequence > at.next:
		violated("gap", fmt.Sprintf("sequence %d was to come", at.next))
	}
	for at.batches[at.place].end() <= sequence {
		at.place++
	}
	if first := at.batches[at.place].Sequence; sequence == at.next && sequence > first && offset != at.offset+1 {
		violated("torn", fmt.Sprintf("its batch begins with sequence %d; the record before is at %d", first, at.offset))
	}
	at.next, at.offset = sequence+1, offset
}

// finish looks for what should have come before the end.
func (c *logCheck) finish() {
	for _, batch := range c.expected.acknowledged[c.place:] {
		if batch.endOffset() <= c.next {
			continue
		}
		offset := batch.Offset
		if offset < c.next {
			offset = c.next
		}
		c.add(batch.violation("lost", offset, fmt.Sprintf("acknowledged there; the log ends at %d", c.next)))
	}
	for id, at := range c.positions {
		place := sort.Search(len(at.batches), func(place int) bool { return at.batches[place].end() > at.next })
		if place < len(at.batches) && at.batches[place].Sequence < at.next {
			c.add(violation{
				What: "torn", Producer: pointer(id), Sequence: pointer(at.next), Detail: fmt.Sprintf(
					"the first records of %v are there, the others not", at.batches[place]),
			})
		}
	}
}
