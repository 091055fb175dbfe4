package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const aboutConsume = `
Follows the log on every replica from its start, through crashes of the nodes, until the time is over or a SIGTERM
comes. All consumers must see the same record with the same term at an offset, whenever they look, and every offset.

Prints {"event":"progress",…} once in --progress-interval, {"event":"violation",…} for each broken promise, and
{"event":"totals",…}. The file of --seen is for verify: what was seen must be in the log afterwards.
Exit status 1: a promise was broken.`

func consume(ctx context.Context, arguments []string, output io.Writer) error {
	flags := newFlags("consume", aboutConsume)
	where := flags.endpoints()
	duration := flags.Duration("duration", 0, "how long to follow; 0: until a SIGTERM")
	interval := flags.Duration("progress-interval", time.Second, "how often progress is printed")
	seen := flags.String("seen", "", "file for a fingerprint of each record that was seen, if any")
	if err := flags.parse(arguments, output); err != nil {
		return err
	}
	if *interval <= 0 {
		return errors.New("--progress-interval is more than 0")
	}
	nodes, err := where.dialAll()
	if err != nil {
		return err
	}
	defer closeAll(nodes)
	ctx, cancel := untilTime(ctx, *duration)
	defer cancel()
	report := newReport(output)
	sightings := &sightings{violations: newViolations(report), next: map[string]uint64{}}
	follow(ctx, nodes, sightings, report, *interval)
	report.write(sightings.line("totals"))
	if *seen != "" {
		if err := sightings.all.save(*seen); err != nil {
			return err
		}
	}
	return sightings.violations.ending()
}

// follow reads all replicas until ctx ends.
func follow(ctx context.Context, nodes []*node, sightings *sightings, report *report, interval time.Duration) {
	var group sync.WaitGroup
	for _, from := range nodes {
		group.Add(1)
		go func(from *node) {
			defer group.Done()
			_, err := readLog(ctx, from, 0, endless, func(record record) { sightings.take(from.address, record) })
			if ctx.Err() == nil {
				sightings.violations.add(violation{What: "unreadable", Replica: from.address, Detail: err.Error()})
			}
		}(from)
	}
	for pause(ctx, interval) {
		report.write(sightings.line("progress"))
	}
	group.Wait()
}

// sightings is what all consumers together have seen.
type sightings struct {
	violations *violations
	mutex      sync.Mutex
	all        fingerprints
	// The offset that the consumer of each replica is to see next.
	next map[string]uint64
}

func (s *sightings) take(address string, record record) {
	seen := fingerprintOf(record)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if next := s.next[address]; record.offset != next {
		s.violations.add(violation{
			What: "offsets not dense", Replica: address, Offset: pointer(record.offset),
			Detail: fmt.Sprintf("offset %d was to come", next),
		})
	}
	s.next[address] = record.offset + 1
	switch end := uint64(len(s.all)); {
	case record.offset == end:
		s.all = append(s.all, seen)
	case record.offset < end && s.all[record.offset] != seen:
		s.violations.add(violation{
			What: "seen and changed", Replica: address, Offset: pointer(record.offset),
			Detail: "value or term is another than a consumer saw before",
		})
	}
}

type sightingsLine struct {
	Event string `json:"event"`
	// How many records were seen, of all replicas and of each.
	Records    uint64            `json:"records"`
	Replicas   map[string]uint64 `json:"replicas"`
	Violations map[string]uint64 `json:"violations"`
}

func (s *sightings) line(event string) sightingsLine {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	line := sightingsLine{event, uint64(len(s.all)), map[string]uint64{}, s.violations.byKind()}
	for address, next := range s.next {
		line.Replicas[address] = next
	}
	return line
}
