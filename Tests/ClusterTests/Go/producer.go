package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
)

// load is what every producer does.
type load struct {
	router       *router
	journal      *journal
	progress     *progress
	inflight     int
	records      int
	valueBytes   int
	callTimeout  time.Duration
	batchTimeout time.Duration
}

// sending is a batch on its way.
type sending struct {
	batch
	request  *encodedRequest
	deadline nanoseconds
	// When it may be sent again.
	notBefore nanoseconds
	// Attempts that failed in a row.
	failures int
	isAway   bool
	isDone   bool
	// When it was last sent, an earlier batch was not yet acknowledged.
	isBehind bool
}

// result is how one attempt ended.
type result struct {
	sending  *sending
	node     *node
	response produceResponse
	err      error
	at       nanoseconds
}

// producer sends batches in the order of their sequences, with a few of them under way: of two that are to be sent, the
// earlier leaves first, in retries too. It ends at the first batch that cannot be sent, for what follows cannot be
// appended before it.
type producer struct {
	load
	id      uint64
	next    uint64
	window  []*sending
	results chan result
}

func newProducer(load load) *producer {
	// Every batch of the window has one attempt under way at most: sending a result never waits.
	return &producer{load: load, id: randomID(), results: make(chan result, load.inflight)}
}

// run produces until ctx ends and then until every batch is acknowledged. It returns false when it had to give up.
func (p *producer) run(ctx context.Context) bool {
	calls, cancel := context.WithCancel(context.Background())
	defer cancel()
	wake := time.NewTimer(0)
	defer wake.Stop()
	stop := ctx.Done()
	for {
		if ctx.Err() != nil {
			stop = nil
		} else {
			p.fill()
		}
		if len(p.window) == 0 {
			p.writeEnd()
			return true
		}
		wake.Reset(p.sendWaiting(calls))
		var failure *refusal
		select {
		case result := <-p.results:
			failure = p.take(result)
		case <-wake.C:
		case <-stop:
		}
		if failure != nil {
			p.giveUp(cancel, *failure)
			return false
		}
	}
}

// fill begins batches until the newest is as far from the oldest as it may be.
func (p *producer) fill() {
	for len(p.window) < p.inflight {
		count := uint64(p.records)
		values := make([][]byte, p.records)
		for place := range values {
			values[place] = newValue(p.id, p.next+uint64(place), p.valueBytes)
		}
		request := produceRequest{values: values, stamp: &producerStamp{id: p.id, sequence: p.next}}
		p.window = append(p.window, &sending{
			batch:   batch{Producer: p.id, Sequence: p.next, Count: count},
			request: &encodedRequest{data: request.marshal()},
		})
		p.next += count
	}
}

// sendWaiting sends what waits and may go, and returns for how long the first that may not has to wait.
func (p *producer) sendWaiting(ctx context.Context) time.Duration {
	for _, sending := range p.window {
		if sending.isAway || sending.isDone {
			continue
		}
		at := now()
		if at < sending.notBefore {
			return sending.notBefore.since(at)
		}
		if sending.Sent == 0 {
			sending.Sent, sending.deadline = at, at.plus(p.batchTimeout)
		}
		p.send(ctx, sending)
	}
	return time.Hour
}

func (p *producer) send(ctx context.Context, sending *sending) {
	sending.isAway, sending.isBehind = true, p.window[0] != sending
	sending.Attempts++
	node := p.router.choose()
	if node == nil {
		p.results <- result{sending: sending, err: errNoConnection, at: now()}
		return
	}
	limit := p.callTimeout
	if left := sending.deadline.since(now()); left < limit {
		limit = left
	}
	call, cancel := context.WithTimeout(ctx, limit)
	stream, err := node.beginProduce(call, sending.request)
	if err != nil {
		cancel()
		p.results <- result{sending: sending, node: node, err: err, at: now()}
		return
	}
	go func() {
		defer cancel()
		response, err := endProduce(stream)
		p.results <- result{sending, node, response, err, now()}
	}()
}

// take carries on with how an attempt ended. It returns a refusal that no retry can mend.
func (p *producer) take(result result) *refusal {
	sending := result.sending
	sending.isAway = false
	if result.err == nil {
		return p.acknowledge(sending, result)
	}
	refused := refusalOf(result.err)
	isNamed := p.router.learn(result.node, refused)
	switch {
	case refused.isRetryable():
	case refused.isSequenceGap() && sending.isBehind:
		// The earlier one was lost or overtaken, and comes again.
	default:
		return &refused
	}
	at := now()
	if at >= sending.deadline {
		refused.message = fmt.Sprintf("%v were not enough: %s", p.batchTimeout, refused.message)
		return &refused
	}
	p.progress.retried(refused.kind())
	sending.notBefore = at
	if !isNamed || sending.failures > 0 {
		sending.notBefore = at.plus(retryDelay(sending.failures))
	}
	sending.failures++
	return nil
}

func (p *producer) acknowledge(sending *sending, result result) *refusal {
	if result.response.count != sending.Count {
		return &refusal{code: codes.Internal, reason: "WRONG_COUNT", message: fmt.Sprintf(
			"%d records were sent and %d acknowledged", sending.Count, result.response.count)}
	}
	sending.isDone = true
	sending.Outcome = outcomeAcknowledged
	sending.Offset, sending.IsDuplicate = result.response.offset, result.response.isDuplicate
	sending.Acknowledged = result.at
	p.journal.write(&sending.batch)
	p.progress.acknowledged(&sending.batch)
	for len(p.window) > 0 && p.window[0].isDone {
		p.window = p.window[1:]
	}
	return nil
}

// giveUp counts the failed call, and writes down everything that is not acknowledged as in doubt.
func (p *producer) giveUp(cancel context.CancelFunc, failure refusal) {
	p.progress.callFailed(failure.kind())
	cancel()
	for _, sending := range p.window {
		for sending.isAway {
			result := <-p.results
			result.sending.isAway = false
			if result.err == nil {
				p.acknowledge(result.sending, result)
			}
		}
	}
	for _, sending := range p.window {
		if sending.isDone {
			continue
		}
		if sending.Sent == 0 {
			p.next = sending.Sequence
			break
		}
		sending.Outcome, sending.Reason = outcomeInDoubt, failure.String()
		p.journal.write(&sending.batch)
		p.progress.leftInDoubt()
	}
	p.writeEnd()
}

func (p *producer) writeEnd() {
	p.journal.write(&batch{Outcome: outcomeEnded, Producer: p.id, Sequence: p.next})
}
