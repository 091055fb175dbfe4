package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const aboutProduce = `
Idempotent producers send batches to the leader until the time is over, the input ends or a SIGTERM comes, and then
until every batch is acknowledged. Each value says which record it is. A batch that is not acknowledged within
--batch-timeout, or is refused for good, is a failed call; its producer is replaced by another.

Prints {"event":"progress",…} once in --progress-interval, {"event":"gap",…} after a time without acknowledgements, and
{"event":"totals",…} at the end. The history has a line for each batch. Times are by CLOCK_MONOTONIC.
Exit status 1: a call failed.`

// maximumInflight is how many batches of a producer the server remembers, from the oldest that is not acknowledged.
const maximumInflight = 5

// connectPatience is how long the first connection to any node may take.
const connectPatience = 30 * time.Second

func produce(ctx context.Context, arguments []string, output io.Writer) error {
	flags := newFlags("produce", aboutProduce)
	where := flags.endpoints()
	producers := flags.Int("producers", 4, "producers at a time")
	inflight := flags.Int("inflight", maximumInflight, "batches from a producer's oldest not acknowledged to its newest")
	records := flags.Int("batch-records", 10, "records of a batch")
	valueBytes := flags.Int("value-bytes", 128, "bytes of a value, 24 at least")
	duration := flags.Duration("duration", 0, "how long new batches are begun; 0: until a SIGTERM")
	untilStdinCloses := flags.Bool("until-stdin-closes", false, "begin no new batches once the standard input ends")
	callTimeout := flags.Duration("call-timeout", 2*time.Second, "how long one attempt may take")
	batchTimeout := flags.Duration("batch-timeout", time.Minute, "how long all attempts of a batch may take")
	interval := flags.Duration("progress-interval", time.Second, "how often progress is printed")
	gap := flags.Duration("gap", 500*time.Millisecond, "the shortest time without acknowledgements that is told of")
	history := flags.String("history", "", "file for the acknowledgements")
	if err := flags.parse(arguments, output); err != nil {
		return err
	}
	switch {
	case *producers < 1 || *records < 1:
		return errors.New("--producers and --batch-records are 1 at least")
	case *inflight < 1 || *inflight > maximumInflight:
		return fmt.Errorf("--inflight is 1 to %d", maximumInflight)
	case *valueBytes < minimumValueBytes:
		return fmt.Errorf("--value-bytes is %d at least", minimumValueBytes)
	case *interval <= 0 || *callTimeout <= 0 || *batchTimeout <= 0:
		return errors.New("--progress-interval, --call-timeout and --batch-timeout are more than 0")
	}
	journal, err := createJournal(*history)
	if err != nil {
		return err
	}
	router, err := newRouter(ctx, where, connectPatience)
	if err != nil {
		return err
	}
	defer router.close()
	ctx, cancel := untilTime(ctx, *duration)
	defer cancel()
	if *untilStdinCloses {
		ctx, cancel = untilEnd(ctx, os.Stdin)
		defer cancel()
	}
	report := newReport(output)
	progress := newProgress(report, *gap)
	runProducers(ctx, *producers, *interval, load{
		router: router, journal: journal, progress: progress, inflight: *inflight, records: *records,
		valueBytes: *valueBytes, callTimeout: *callTimeout, batchTimeout: *batchTimeout,
	})
	if err := journal.close(); err != nil {
		return err
	}
	totals := progress.totals()
	report.write(totals)
	if totals.FailedCalls > 0 {
		return errBroken
	}
	return nil
}

// runProducers returns when all of them have ended.
func runProducers(ctx context.Context, count int, interval time.Duration, load load) {
	var group sync.WaitGroup
	for number := 0; number < count; number++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for isFirst := true; isFirst || ctx.Err() == nil; isFirst = false {
				if newProducer(load).run(ctx) {
					return
				}
				pause(ctx, maximumBackoff)
			}
		}()
	}
	ended := make(chan struct{})
	go func() {
		group.Wait()
		close(ended)
	}()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
			load.progress.report.write(load.progress.line())
		}
	}
}
