package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"
)

// target is a server or cluster under load.
type target struct {
	kind
	name      string
	addresses []string
	processes processes
	leader    string
	session   session
}

// electionTime is what a cluster may take, on a machine that does other things too, to have a leader again.
const electionTime = 30 * time.Second

// turnsOfARound is how often a cluster's turn is begun: the leader may move in the middle of it, or calls fail because
// it moved and came back.
const turnsOfARound = 3

// load drives each target in turn, round after round, and prints
//
//	ROUND TARGET RECORDS SECONDS PROCESSOR-SECONDS BYTES-WRITTEN
//
// The last two are sums over the processes of the target; a server under load that is named without any has zeros
// there.
func load(arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	var order order
	flags.IntVar(&order.callers, "callers", 1, "callers at a time, on one connection")
	flags.IntVar(&order.bytes, "bytes", 128, "size of a record")
	flags.IntVar(&order.batch, "batch", 1, "records of a streamed message")
	flags.IntVar(&order.inFlight, "in-flight", 1024, "records that a streaming caller may send without an answer")
	flags.Int64Var(&order.records, "records", 0, "records of a turn; 0: as many as its time allows")
	seconds := flags.Float64("seconds", 1, "length of a turn; of one with a number of records, the longest")
	rounds := flags.Int("rounds", 5, "rounds that count")
	warmUp := flags.Int("warm-up", 1, "rounds before them")
	flags.Parse(arguments)
	order.length = time.Duration(*seconds * float64(time.Second))
	var targets []*target
	for _, argument := range flags.Args() {
		kind, addresses, list, err := parseTarget(argument)
		if err != nil {
			return err
		}
		processes, err := parseProcesses(list)
		if err != nil {
			return fmt.Errorf("%s: %w", argument, err)
		}
		target := &target{kind: kind, name: argument, addresses: addresses, processes: processes}
		defer target.close()
		targets = append(targets, target)
	}
	for round := 1 - *warmUp; round <= *rounds; round++ {
		for number, target := range targets {
			result, err := target.take(order)
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", target.name, round, err)
			}
			if round > 0 {
				fmt.Printf("%d %d %d %.6f %.6f %d\n", round, number, result.records, result.elapsed.Seconds(),
					result.usage.processor.Seconds(), result.usage.written)
			}
		}
	}
	return nil
}

// take does a turn, and does it again if the leader moved meanwhile.
func (t *target) take(order order) (outcome, error) {
	for attempt := 1; ; attempt++ {
		if err := t.connect(); err != nil {
			return outcome{}, err
		}
		if len(t.processes) > 0 {
			// What others have left for the disk to write is not this turn's.
			syscall.Sync()
		}
		result, err := order.run(t.session, t.processes)
		leader, failure := t.findLeader(t.addresses)
		if err == nil && failure == nil && leader == t.leader {
			return result, nil
		}
		if err == nil {
			err = fmt.Errorf("the leader moved from %s to %q: %v", t.leader, leader, failure)
		}
		if len(t.addresses) == 1 || attempt == turnsOfARound {
			return outcome{}, err
		}
		fmt.Fprintf(os.Stderr, "%s: a turn is done again: %v\n", t.name, err)
		t.close()
	}
}

// connect looks who leads, and connects to it.
func (t *target) connect() error {
	var leader string
	err := eventually(electionTime, func() (err error) {
		leader, err = t.findLeader(t.addresses)
		return err
	})
	if err != nil || leader == t.leader {
		return err
	}
	t.close()
	t.session, err = t.open(leader)
	if err == nil {
		t.leader = leader
	}
	return err
}

func (t *target) close() {
	if t.session != nil {
		t.session.close()
		t.session, t.leader = nil, ""
	}
}
