package main

import (
	"fmt"
	"math"
	"sort"
)

// A history is linearizable (Herlihy and Wing 1990) if each call can be given one moment between its invocation and its
// return at which it took effect, so that the calls in the order of these moments are what one log would have answered.
// An append in doubt may have any moment after its invocation, or none. In general that is hard to decide (Gibbons and
// Korach 1997); for this object it is not, because the answers leave no choice of the order:
//
//	P(k)   the append that got offset k
//	N(e)   an answer that the log ends at e: `latest`, or a read beyond the end
//	R(k)   a read of the value at offset k
//
// Suppose first that it is known which append stands at which offset, and that one stands at each up to the highest
// that any answer speaks of. One log gives these answers if and only if the order is
//
//	N(0)s  P(0)  N(1)s  P(1)  N(2)s  P(2) …    and each R(k) somewhere behind P(k).
//
// So there is a partial order that the moments have to keep, and nothing else: the chain (N's of one end are free among
// themselves), with each R(k) hanging from P(k), in front of nothing. Moments within the intervals that keep a partial
// order exist if and only if
//
//	no call returned before the invocation of a call that has to come before it.                                 (*)
//
// Necessary: the earlier call has its moment at its invocation or later, the later call at its return or earlier.
// Sufficient: give each call the latest of the invocations of itself and of all calls that come before it. This keeps
// the order (equal moments are put into it), is not before the call's invocation, and by (*) not after its return.
//
// As the order is a chain with leaves, (*) needs no pairs: walking along it, the latest invocation so far is compared
// with each return. By what the two calls are it says:
//
//	P(j) before P(k)   an append that was acknowledged before another was invoked has the lower offset
//	P(k) before N, R   nobody reads what has not yet been written
//	N(e) before P(k)   no stale read: an end e is not told to who asks after the acknowledgement of an offset from e on
//	N(e) before N, R   nor after anyone has been told of a farther end, or has read an offset from e on
//
// It remains to find out which append stands where.
//   - An acknowledged one says so itself. Two at one offset, or a gap below that nothing can fill, is no log.
//   - An append in doubt whose value was read stands where it was read. (Values are different from each other.)
//   - What is read and was not appended, or was refused, or stands elsewhere, is no log.
//   - Offsets that are left, below the highest that an answer speaks of, are holes. Each must be one of the other
//     appends in doubt, of which the rest had no effect, which is always allowed: leaving one out takes demands away.
//     An append in doubt never returns, so (*) demands of one put at k only that it was invoked no later than the
//     first return among all that comes behind P(k): the deadline of the hole. Deadlines do not fall along the chain.
//     So if any assignment works, the one does that gives the holes in their order the appends in the order of their
//     invocations (two that are the other way round can be exchanged), and it is enough to try this one.
//
// All of it together is a few sorts: n log n.

// mark is a call at its place in the chain.
type mark struct {
	// N(e) has place e and comes before P(e), which comes before the R(e).
	place     uint64
	stage     stage
	operation *operation
}

type stage int

const (
	stageEnd stage = iota
	stageAppend
	stageRead
)

// contradictions finds out whether a history is linearizable: add is called for what is not, with the calls.
type contradictions struct {
	*history
	add func(violation)
	// The append at an offset, as far as it is known.
	placed  map[uint64]*operation
	byValue map[string]*operation
	marks   []mark
}

func findContradictions(history *history, add func(violation)) {
	c := &contradictions{history: history, add: add, placed: map[uint64]*operation{}, byValue: map[string]*operation{}}
	c.placeAppends()
	c.placeReads()
	sort.SliceStable(c.marks, func(i, j int) bool {
		a, b := c.marks[i], c.marks[j]
		return a.place < b.place || a.place == b.place && a.stage < b.stage
	})
	c.walk()
	c.fillHoles()
}

func (c *contradictions) report(what string, offset uint64, detail string, operations ...*operation) {
	c.add(violation{What: what, Offset: pointer(offset), Detail: detail, Operations: operations})
}

// placeAppends puts the acknowledged appends where they say that they are.
func (c *contradictions) placeAppends() {
	for _, operation := range c.operations {
		if operation.Kind != operationAppend {
			continue
		}
		c.byValue[operation.Value] = operation
		if operation.Outcome == outcomeOK {
			c.place(operation, operation.Offset)
		}
	}
}

func (c *contradictions) place(operation *operation, offset uint64) {
	other := c.placed[offset]
	switch {
	case offset < c.base:
		c.report("before the beginning", offset, fmt.Sprintf("the log had ended at %d", c.base), operation)
	case other != nil:
		c.report("one offset twice", offset, "two appends have the same offset", other, operation)
	default:
		c.placed[offset] = operation
		c.marks = append(c.marks, mark{offset, stageAppend, operation})
	}
}

// placeReads puts the reads into the chain, and the appends in doubt whose values they have seen.
func (c *contradictions) placeReads() {
	seen := map[*operation]uint64{}
	for _, operation := range c.operations {
		switch {
		case operation.tellsEnd():
			c.placeEnd(operation)
		case operation.Kind == operationRead:
			c.placeRead(operation, seen)
		}
	}
}

func (c *contradictions) placeEnd(operation *operation) {
	if operation.End < c.base {
		c.report("before the beginning", operation.End, fmt.Sprintf("the log had ended at %d", c.base), operation)
		return
	}
	if operation.Kind == operationRead && operation.Offset < operation.End {
		c.report("refused to read", operation.Offset, fmt.Sprintf("the end is said to be %d", operation.End), operation)
		return
	}
	c.marks = append(c.marks, mark{operation.End, stageEnd, operation})
}

// placeRead takes in a value that was read; seen has the offsets of the appends in doubt that were read before.
func (c *contradictions) placeRead(operation *operation, seen map[*operation]uint64) {
	written := c.byValue[operation.Value]
	if written == nil {
		c.report("value of nobody", operation.Offset, "nobody has appended what was read", operation)
		return
	}
	offset := written.Offset
	switch written.Outcome {
	case outcomeRefused:
		c.report("refused and there", operation.Offset, "the append was refused, and its value read", written, operation)
		return
	case outcomeInDoubt:
		isKnown := false
		if offset, isKnown = seen[written]; !isKnown {
			offset, seen[written] = operation.Offset, operation.Offset
			c.place(written, offset)
		}
	}
	if offset != operation.Offset {
		c.report("one append twice", operation.Offset, fmt.Sprintf("the value stands at %d", offset), written, operation)
		return
	}
	c.marks = append(c.marks, mark{offset, stageRead, operation})
}

// walk goes along the chain and looks for (*). A call that comes too late is reported once, with the call that returned
// first of those behind it.
func (c *contradictions) walk() {
	var latest *operation
	var first *mark
	report := func() {
		if first != nil {
			c.reportOrder(latest, *first)
		}
		first = nil
	}
	for begin, end := 0, 0; begin < len(c.marks); begin = end {
		for end < len(c.marks) && c.marks[end].place == c.marks[begin].place && c.marks[end].stage == c.marks[begin].stage {
			end++
		}
		group := c.marks[begin:end]
		for place := range group {
			ended := group[place].operation.ended()
			if latest != nil && ended < latest.Invoked && (first == nil || ended < first.operation.ended()) {
				first = &group[place]
			}
		}
		for _, mark := range group {
			if mark.stage != stageRead && (latest == nil || mark.operation.Invoked > latest.Invoked) {
				report()
				latest = mark.operation
			}
		}
	}
	report()
}

// reportOrder names a pair of which the first has to come before the second, and was invoked after that had returned.
func (c *contradictions) reportOrder(before *operation, behind mark) {
	late := before.Invoked.since(behind.operation.ended())
	switch {
	case before.tellsEnd():
		c.report("stale read", before.End, fmt.Sprintf(
			"the log is said to end there %v after offset %d was known to be in it", late, behind.lastOffset()),
			behind.operation, before)
	case behind.stage == stageAppend:
		c.report("order", behind.place, fmt.Sprintf(
			"it was acknowledged %v before an append was invoked that stands before it", late), behind.operation, before)
	default:
		c.report("read from the future", behind.lastOffset(), fmt.Sprintf(
			"it was read %v before it, or what is before it, was appended", late), behind.operation, before)
	}
}

// lastOffset is the last offset that is in the log by what the call says.
func (m mark) lastOffset() uint64 {
	if m.stage == stageEnd {
		return m.place - 1
	}
	return m.place
}

// fillHoles looks whether the appends in doubt can be what stands where nothing known does.
func (c *contradictions) fillHoles() {
	if len(c.marks) == 0 {
		return
	}
	candidates := c.unplaced()
	deadlines := c.deadlines()
	next := 0 // of the marks
	for offset := c.base; ; offset++ {
		for next < len(c.marks) && c.marks[next].place <= offset {
			next++
		}
		if c.placed[offset] != nil {
			continue
		}
		if next == len(c.marks) {
			return // Nobody speaks of this offset or a later one.
		}
		deadline := deadlines[next]
		if len(candidates) == 0 {
			c.report("hole", offset, "nothing was appended that can stand there, and the log goes on", c.marks[next].operation)
			return
		}
		if deadline.ended() < candidates[0].Invoked {
			c.report("hole", offset, "what could stand there was appended after the log had been known to go on",
				deadline, candidates[0])
			return
		}
		candidates = candidates[1:]
	}
}

// unplaced is the appends in doubt that nobody has read, by invocation.
func (c *contradictions) unplaced() (candidates []*operation) {
	isPlaced := map[*operation]bool{}
	for _, operation := range c.placed {
		isPlaced[operation] = true
	}
	for _, operation := range c.operations {
		if operation.Kind == operationAppend && operation.Outcome == outcomeInDoubt && !isPlaced[operation] {
			candidates = append(candidates, operation)
		}
	}
	sort.SliceStable(candidates, func(i, j int) bool { return candidates[i].Invoked < candidates[j].Invoked })
	return candidates
}

// deadlines gives, for each mark, the call that returned first of it and of all behind it.
func (c *contradictions) deadlines() []*operation {
	deadlines := make([]*operation, len(c.marks))
	first, earliest := (*operation)(nil), nanoseconds(math.MaxInt64)
	for place := len(c.marks) - 1; place >= 0; place-- {
		if operation := c.marks[place].operation; first == nil || operation.ended() < earliest {
			first, earliest = operation, operation.ended()
		}
		deadlines[place] = first
	}
	return deadlines
}
