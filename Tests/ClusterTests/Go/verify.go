package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const aboutVerify = `
Reads the whole log from each replica and compares it with the histories of produce, which must be whole: every
acknowledged record is at its offset; no record is there twice; a producer's records stand in the order of their
sequences and without a gap; a batch in doubt is there wholly or not at all; offsets are dense; what was acknowledged
before another was sent stands before it. All replicas must get as far as the log goes, and have the same records with
the same terms, which are those that consume saw.

Prints {"event":"violation",…} for each broken promise (20 of a kind), {"event":"replica",…} for each replica, and
{"event":"totals",…}.
Exit status 1: a promise was broken.`

// askPatience is how long a single call may take that asks for the log's end.
const askPatience = 2 * time.Second

func verify(ctx context.Context, arguments []string, output io.Writer) error {
	flags := newFlags("verify", aboutVerify)
	where := flags.endpoints()
	histories := flags.files("history", "what produce wrote; several are separated by commas")
	seen := flags.files("seen", "what consume wrote; several are separated by commas")
	timeout := flags.Duration("timeout", time.Minute, "how long all replicas may take to get to the end and be read")
	if err := flags.parse(arguments, output); err != nil {
		return err
	}
	nodes, err := where.dialAll()
	if err != nil {
		return err
	}
	defer closeAll(nodes)
	expected, err := readExpectation(*histories)
	if err != nil {
		return err
	}
	report := newReport(output)
	found := newViolations(report)
	expected.checkAcknowledgements(found.add)
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	replicas, end, err := readReplicas(ctx, nodes, expected, found, report)
	if err != nil {
		return err
	}
	compareReplicas(replicas, found)
	if err := compareSeen(replicas, *seen, found); err != nil {
		return err
	}
	report.write(verifyTotals{"totals", end, len(expected.acknowledged), found.byKind()})
	return found.ending()
}

type verifyTotals struct {
	Event        string            `json:"event"`
	End          uint64            `json:"end_offset"`
	Acknowledged int               `json:"acknowledged_batches"`
	Violations   map[string]uint64 `json:"violations"`
}

// replica is what was read from a node.
type replica struct {
	address      string
	fingerprints fingerprints
}

type replicaLine struct {
	Event   string `json:"event"`
	Address string `json:"address"`
	Records uint64 `json:"records"`
	Foreign uint64 `json:"foreign_records"`
	Digest  string `json:"digest"`
}

// readReplicas reads and checks all of them at the same time. It also returns up to which offset they were to be read.
func readReplicas(
	ctx context.Context, nodes []*node, expected *expectation, found *violations, report *report,
) ([]*replica, uint64, error) {
	end, err := findEnd(ctx, nodes)
	if err != nil {
		return nil, 0, err
	}
	if acknowledged := expected.endOffset(); end < acknowledged {
		found.add(violation{
			What: "stale end", Offset: pointer(end), Detail: fmt.Sprintf("records up to %d were acknowledged", acknowledged),
		})
	}
	replicas := make([]*replica, len(nodes))
	var group sync.WaitGroup
	for number := range nodes {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			replicas[number] = readReplica(ctx, nodes[number], end, expected, found, report)
		}(number)
	}
	group.Wait()
	return replicas, end, nil
}

// findEnd asks one node after the other until one can say where the log ends. The answer is linearizable: what was
// acknowledged is before it.
func findEnd(ctx context.Context, nodes []*node) (uint64, error) {
	for attempt := 0; ; attempt++ {
		call, cancel := context.WithTimeout(ctx, askPatience)
		response, err := nodes[attempt%len(nodes)].latest(call)
		cancel()
		if err == nil {
			return response.offset, nil
		}
		if !pause(ctx, retryDelay(attempt/len(nodes))) {
			return 0, fmt.Errorf("no node can say where the log ends: %w", err)
		}
	}
}

func readReplica(
	ctx context.Context, from *node, end uint64, expected *expectation, found *violations, report *report,
) *replica {
	read := &replica{address: from.address}
	check := newLogCheck(expected, from.address, found.add)
	next, err := readLog(ctx, from, 0, end, func(record record) {
		check.take(record)
		read.fingerprints = append(read.fingerprints, fingerprintOf(record))
	})
	if err != nil {
		what := "unreadable"
		if ctx.Err() != nil || isPassing(errors.Unwrap(err)) {
			what = "behind"
		}
		found.add(violation{
			What: what, Replica: from.address, Offset: pointer(next), Detail: fmt.Sprintf("the log ends at %d: %v", end, err),
		})
	} else {
		check.finish()
	}
	report.write(replicaLine{"replica", from.address, check.records, check.foreign, read.fingerprints.digest()})
	return read
}

func compareReplicas(replicas []*replica, found *violations) {
	for _, other := range replicas[1:] {
		if offset := replicas[0].fingerprints.firstDifference(other.fingerprints); offset >= 0 {
			found.add(violation{
				What: "replicas differ", Replica: other.address, Offset: pointer(uint64(offset)),
				Detail: "value or term is another than at " + replicas[0].address,
			})
		}
	}
}

func compareSeen(replicas []*replica, paths []string, found *violations) error {
	for _, path := range paths {
		seen, err := loadFingerprints(path)
		if err != nil {
			return err
		}
		for _, replica := range replicas {
			if offset := replica.fingerprints.firstDifference(seen); offset >= 0 {
				found.add(violation{
					What: "seen and changed", Replica: replica.address, Offset: pointer(uint64(offset)),
					Detail: "value or term is another than a consumer saw, in " + path,
				})
			}
			if len(replica.fingerprints) < len(seen) {
				found.add(violation{
					What: "seen and gone", Replica: replica.address, Offset: pointer(uint64(len(replica.fingerprints))),
					Detail: fmt.Sprintf("a consumer saw records up to %d, in %s", len(seen), path),
				})
			}
		}
	}
	return nil
}
