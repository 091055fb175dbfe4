package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const aboutLinearize = `
Concurrent clients append single records, without a producer's stamp, and read near the log's end from any replica: the
value at an offset, or where the log ends. Nobody else may write to the log meanwhile but other processes of this
command, whose histories are then checked together.

Prints {"event":"progress",…} once in --progress-interval and {"event":"totals",…} at the end. The history has a line
for each call, with its times by CLOCK_MONOTONIC; check reads it. Exit status 0 says only that it was written.`

func linearize(ctx context.Context, arguments []string, output io.Writer) error {
	flags := newFlags("linearize", aboutLinearize)
	where := flags.endpoints()
	clients := flags.Int("clients", 8, "clients at a time")
	duration := flags.Duration("duration", 0, "how long; 0: until a SIGTERM")
	callTimeout := flags.Duration("call-timeout", time.Second, "how long a call may take")
	think := flags.Duration("think", 2*time.Millisecond, "mean pause of a client between two calls")
	interval := flags.Duration("progress-interval", time.Second, "how often progress is printed")
	path := flags.String("history", "", "file for the calls")
	if err := flags.parse(arguments, output); err != nil {
		return err
	}
	if *clients < 1 || *callTimeout <= 0 || *interval <= 0 || *think < 0 {
		return errors.New("--clients, --call-timeout and --progress-interval are more than 0, --think is not negative")
	}
	journal, err := createJournal(*path)
	if err != nil {
		return err
	}
	nodes, err := where.dialAll()
	if err != nil {
		return err
	}
	defer closeAll(nodes)
	router, err := newRouter(ctx, where, connectPatience)
	if err != nil {
		return err
	}
	defer router.close()
	experiment := &experiment{
		router: router, nodes: nodes, journal: journal, callTimeout: *callTimeout, think: *think,
		name: strconv.FormatUint(randomID(), 36), counts: map[string]uint64{},
	}
	if err := experiment.begin(ctx); err != nil {
		return err
	}
	ctx, cancel := untilTime(ctx, *duration)
	defer cancel()
	report := newReport(output)
	experiment.run(ctx, *clients, func() { report.write(experiment.line("progress")) }, *interval)
	report.write(experiment.line("totals"))
	return journal.close()
}

// experiment is what all clients share.
type experiment struct {
	router      *router
	nodes       []*node
	journal     *journal
	callTimeout time.Duration
	think       time.Duration
	// Makes the values different from those of other processes.
	name string
	// Where the log ended before, and the farthest end that any client knows of: reads are near it.
	base uint64
	tail atomic.Uint64

	mutex  sync.Mutex
	counts map[string]uint64
}

// begin finds out where the log ends before the first append.
func (e *experiment) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	line := &operation{Client: -1, Kind: operationLatest, Outcome: outcomeEnd, IsBeginning: true, Invoked: now()}
	end, err := findEnd(ctx, e.nodes)
	if err != nil {
		return err
	}
	line.Returned, line.End = now(), end
	e.journal.write(line)
	e.base = end
	e.tail.Store(end)
	return nil
}

// run lets the clients go until ctx ends. A call under way then is waited for, or the history would not have it.
func (e *experiment) run(ctx context.Context, clients int, tick func(), interval time.Duration) {
	var group sync.WaitGroup
	for number := 0; number < clients; number++ {
		group.Add(1)
		go func(number int) {
			defer group.Done()
			e.runClient(ctx, number)
		}(number)
	}
	for pause(ctx, interval) {
		tick()
	}
	group.Wait()
}

func (e *experiment) runClient(ctx context.Context, number int) {
	random := rand.New(rand.NewSource(int64(randomID())))
	for call := 0; ctx.Err() == nil; call++ {
		line := &operation{Client: number}
		switch choice := random.Intn(10); {
		case choice < 4:
			e.append(line, fmt.Sprintf("%s.%d.%d", e.name, number, call))
		case choice < 7:
			e.read(line, e.node(random), e.near(random))
		default:
			e.latest(line, e.node(random))
		}
		if line.Outcome != "" {
			e.journal.write(line)
		}
		e.count(line)
		wait := time.Duration(random.Int63n(int64(2*e.think + 1)))
		if line.Reason != "" {
			wait += minimumBackoff
		}
		pause(ctx, wait)
	}
}

func (e *experiment) node(random *rand.Rand) *node { return e.nodes[random.Intn(len(e.nodes))] }

// near is an offset about the end: the last few, and as often the first that is not there.
func (e *experiment) near(random *rand.Rand) uint64 {
	tail := e.tail.Load()
	if random.Intn(2) == 0 || tail == e.base {
		return tail
	}
	back := 1 + uint64(random.Intn(4))
	if back > tail-e.base {
		back = tail - e.base
	}
	return tail - back
}

func (e *experiment) learn(end uint64) {
	for {
		known := e.tail.Load()
		if end <= known || e.tail.CompareAndSwap(known, end) {
			return
		}
	}
}

// notSent is the reason of a call that was not made.
const notSent = "not connected"

// append makes a call that is in doubt if it has no answer.
func (e *experiment) append(line *operation, value string) {
	line.Kind, line.Value = operationAppend, value
	node := e.router.choose()
	if node == nil {
		line.Reason = notSent
		return
	}
	line.Node = node.address
	var err error
	call, cancel := context.WithTimeout(context.Background(), e.callTimeout)
	defer cancel()
	line.Invoked = now()
	line.Offset, err = node.append(call, []byte(value))
	line.Returned = now()
	if err == nil {
		line.Outcome = outcomeOK
		e.learn(line.Offset + 1)
		return
	}
	refused := refusalOf(err)
	e.router.learn(node, refused)
	line.Offset, line.Outcome, line.Reason = 0, outcomeInDoubt, refused.kind()
	if refused.hasNoEffect() {
		line.Outcome = outcomeRefused
	}
}

// read makes a call that tells nothing and has no outcome if it has no answer.
func (e *experiment) read(line *operation, node *node, offset uint64) {
	line.Kind, line.Node, line.Offset = operationRead, node.address, offset
	if !node.isConnected() {
		line.Reason = notSent
		return
	}
	call, cancel := context.WithTimeout(context.Background(), e.callTimeout)
	defer cancel()
	line.Invoked = now()
	record, err := node.read(call, offset)
	line.Returned = now()
	if err == nil {
		line.Outcome, line.Value = outcomeOK, string(record.value)
		e.learn(offset + 1)
	} else if end, isEnd := refusalOf(err).endOfLog(); isEnd {
		line.Outcome, line.End = outcomeEnd, end
		e.learn(end)
	} else {
		line.Reason = refusalOf(err).kind()
	}
}

func (e *experiment) latest(line *operation, node *node) {
	line.Kind, line.Node = operationLatest, node.address
	if !node.isConnected() {
		line.Reason = notSent
		return
	}
	call, cancel := context.WithTimeout(context.Background(), e.callTimeout)
	defer cancel()
	line.Invoked = now()
	response, err := node.latest(call)
	line.Returned = now()
	if err != nil {
		line.Reason = refusalOf(err).kind()
		return
	}
	line.Outcome, line.End = outcomeEnd, response.offset
	e.learn(response.offset)
}

func (e *experiment) count(line *operation) {
	kind := line.Kind
	for _, text := range []string{line.Outcome, line.Reason} {
		if text != "" {
			kind += " " + text
		}
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.counts[kind]++
}

type experimentLine struct {
	Event string            `json:"event"`
	End   uint64            `json:"end_offset"`
	Calls map[string]uint64 `json:"calls"`
}

func (e *experiment) line(event string) experimentLine {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	line := experimentLine{event, e.tail.Load(), map[string]uint64{}}
	for kind, count := range e.counts {
		line.Calls[kind] = count
	}
	return line
}
