package main

import (
	"fmt"
	"sort"
	"strings"
)

// isLinearizable decides the same as findContradictions in the general way, for any object and in exponential time: the
// search of Wing and Gong (1993) with Lowe's memory of where it has been (2017). It knows nothing of the chain.
//
// It tries the calls that are under way in every order. A call that returns before it was tried is a dead end: the last
// choice is taken back.
func isLinearizable(history *history) bool {
	s := newSearch(history)
	visited := map[string]bool{}
	log := []string{}
	type choice struct {
		event *event
		log   []string
	}
	var choices []choice
	for at := s.head.next; s.head.next != nil; {
		if at.match != nil { // an invocation
			after, isPossible := apply(history.base, log, at.operation)
			s.done[at.number] = true
			if key := s.key(after); isPossible && !visited[key] {
				visited[key] = true
				choices = append(choices, choice{at, log})
				log = after
				at.lift()
				at = s.head.next
				continue
			}
			s.done[at.number] = false
			at = at.next
			continue
		}
		if len(choices) == 0 {
			return false
		}
		last := choices[len(choices)-1]
		choices = choices[:len(choices)-1]
		s.done[last.event.number] = false
		log = last.log
		last.event.unlift()
		at = last.event.next
	}
	return true
}

// apply is the object: a log that had base values before, and what it has got since. It is what the server promises,
// stated in the plainest way.
func apply(base uint64, log []string, operation *operation) ([]string, bool) {
	end := base + uint64(len(log))
	switch {
	case operation.Kind == operationAppend:
		isPossible := operation.Outcome == outcomeInDoubt || operation.Offset == end
		return append(log[:len(log):len(log)], operation.Value), isPossible
	case operation.Outcome == outcomeOK:
		return log, operation.Offset >= base && operation.Offset < end && log[operation.Offset-base] == operation.Value
	case operation.Kind == operationRead:
		return log, operation.End == end && operation.Offset >= end
	default:
		return log, operation.End == end
	}
}

// event is an invocation or a return, in a list by time.
type event struct {
	operation *operation
	number    int
	// Of an invocation: its return.
	match          *event
	previous, next *event
}

// lift takes an invocation and its return out of the list.
func (e *event) lift() {
	e.previous.next = e.next
	e.next.previous = e.previous
	e.match.previous.next = e.match.next
	if e.match.next != nil {
		e.match.next.previous = e.match.previous
	}
}

func (e *event) unlift() {
	e.match.previous.next = e.match
	if e.match.next != nil {
		e.match.next.previous = e.match
	}
	e.previous.next = e
	e.next.previous = e
}

type search struct {
	head *event
	done []bool
}

func newSearch(history *history) *search {
	var events []*event
	number := 0
	for _, operation := range history.operations {
		if operation.Outcome == outcomeRefused {
			continue // It never happened.
		}
		returned := &event{operation: operation, number: number}
		events = append(events, &event{operation: operation, number: number, match: returned}, returned)
		number++
	}
	// Calls that touch at one moment are concurrent: invocations first.
	sort.SliceStable(events, func(i, j int) bool {
		if events[i].time() != events[j].time() {
			return events[i].time() < events[j].time()
		}
		return events[i].match != nil && events[j].match == nil
	})
	head := &event{}
	for place, last := 0, head; place < len(events); place++ {
		last.next, events[place].previous = events[place], last
		last = events[place]
	}
	return &search{head, make([]bool, number)}
}

func (e *event) time() nanoseconds {
	if e.match != nil {
		return e.operation.Invoked
	}
	return e.operation.ended()
}

func (s *search) key(log []string) string {
	return fmt.Sprint(s.done) + strings.Join(log, " ")
}
