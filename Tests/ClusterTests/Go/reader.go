package main

import (
	"context"
	"fmt"
	"math"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// answerBytes is how much a server is to put into one answer of a stream.
const answerBytes = 1 << 20

// endless is the end of a log that is read for ever.
const endless = math.MaxUint64

// readLog reads a replica from an offset until an end, and waits for what is not yet there: until ctx ends, through the
// node's crashes. take gets the records in the order in which they come. It returns the offset that it would have read
// next, and what went wrong if that is not the end.
func readLog(ctx context.Context, node *node, next, end uint64, take func(record)) (uint64, error) {
	for failures := 0; next < end; failures++ {
		before := next
		err := readStream(ctx, node, &next, end, take)
		if err == nil {
			break
		}
		if next > before {
			failures = 0
		}
		if !isPassing(err) || !pause(ctx, retryDelay(failures)) {
			return next, fmt.Errorf("%s at offset %d: %w", node.address, next, err)
		}
	}
	return next, nil
}

// isPassing tells whether to read on is worth a try. A replica that lost its disk does not have the offset for a while.
func isPassing(err error) bool {
	switch refusalOf(err).code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.OutOfRange:
		return true
	default:
		return false
	}
}

func readStream(ctx context.Context, node *node, next *uint64, end uint64, take func(record)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := node.connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, methodConsumeStream)
	if err != nil {
		return err
	}
	if stream.SendMsg(&consumeRequest{offset: *next, maxBytes: answerBytes}) == nil {
		stream.CloseSend()
	}
	for *next < end {
		var response consumeResponse
		if err := stream.RecvMsg(&response); err != nil {
			return err
		}
		for _, record := range response.records {
			if *next >= end {
				break
			}
			take(record)
			*next = record.offset + 1
		}
	}
	return nil
}
