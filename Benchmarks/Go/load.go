package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// repetitions is how many messages one call of Repeat asks for.
const repetitions = 20_000

// target is a server under load: one connection for all of its callers.
type target struct {
	name string
	conn *grpc.ClientConn
	// caller makes calls until the time is over, and returns how many messages or calls it completed.
	caller func(conn *grpc.ClientConn, value []byte, caller int, until time.Time) (int, error)
}

var callers = map[string]func(*grpc.ClientConn, []byte, int, time.Time) (int, error){
	"unary": callUnary, "bidi": callBidi, "repeat": callRepeat, "produce": callProduce, "put": callPut,
}

// load drives each target in turn, round after round, and prints `ROUND TARGET RATE` with the rate in a second.
func load(arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	count := flags.Int("callers", 1, "callers at a time, on one connection")
	seconds := flags.Float64("seconds", 1, "length of a round")
	rounds := flags.Int("rounds", 5, "rounds, after one to warm up")
	bytes := flags.Int("bytes", 128, "size of a value")
	flags.Parse(arguments)
	var targets []target
	for _, argument := range flags.Args() {
		kind, address, _ := strings.Cut(argument, "=")
		if callers[kind] == nil {
			return fmt.Errorf("unknown kind of load in %q", argument)
		}
		conn, err := grpc.Dial(address, grpc.WithInsecure(), grpc.WithBlock(), grpc.WithTimeout(10*time.Second))
		if err != nil {
			return fmt.Errorf("%s: %w", argument, err)
		}
		defer conn.Close()
		targets = append(targets, target{argument, conn, callers[kind]})
	}
	length := time.Duration(*seconds * float64(time.Second))
	for round := 0; round <= *rounds; round++ {
		for number, target := range targets {
			rate, err := target.run(*count, length, *bytes)
			if err != nil {
				return fmt.Errorf("%s: %w", target.name, err)
			}
			if round > 0 {
				fmt.Printf("%d %d %.0f\n", round, number, rate)
			}
		}
	}
	return nil
}

func (t target) run(count int, length time.Duration, bytes int) (float64, error) {
	completed := make([]int, count)
	errors := make([]error, count)
	start := time.Now()
	var group sync.WaitGroup
	for caller := 0; caller < count; caller++ {
		group.Add(1)
		go func(caller int) {
			defer group.Done()
			completed[caller], errors[caller] = t.caller(t.conn, make([]byte, bytes), caller, start.Add(length))
		}(caller)
	}
	group.Wait()
	elapsed := time.Since(start)
	sum := 0
	for caller := range completed {
		if errors[caller] != nil {
			return 0, errors[caller]
		}
		sum += completed[caller]
	}
	return float64(sum) / elapsed.Seconds(), nil
}

func callUnary(conn *grpc.ClientConn, value []byte, _ int, until time.Time) (int, error) {
	request := payload(value)
	calls := 0
	for ; time.Now().Before(until); calls++ {
		var answer payload
		if err := conn.Invoke(context.Background(), "/bench.Echo/Unary", &request, &answer); err != nil {
			return calls, err
		}
		if len(answer) != len(value) {
			return calls, fmt.Errorf("an echo of %d bytes came back as %d", len(value), len(answer))
		}
	}
	return calls, nil
}

var bidiStream = grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

func callBidi(conn *grpc.ClientConn, value []byte, _ int, until time.Time) (int, error) {
	stream, err := conn.NewStream(context.Background(), &bidiStream, "/bench.Echo/Bidi")
	if err != nil {
		return 0, err
	}
	go func() {
		request := payload(value)
		// An error of sending is io.EOF; receiving has the reason.
		for time.Now().Before(until) && stream.SendMsg(&request) == nil {
		}
		stream.CloseSend()
	}()
	return receiveAll(stream)
}

func callRepeat(conn *grpc.ClientConn, value []byte, _ int, until time.Time) (int, error) {
	request := payload(value)
	binary.BigEndian.PutUint32(request, repetitions)
	messages := 0
	for time.Now().Before(until) {
		stream, err := conn.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true}, "/bench.Echo/Repeat")
		if err != nil {
			return messages, err
		}
		if err := stream.SendMsg(&request); err != nil {
			return messages, err
		}
		if err := stream.CloseSend(); err != nil {
			return messages, err
		}
		received, err := receiveAll(stream)
		if err != nil || received != repetitions {
			return messages, fmt.Errorf("%d messages of %d: %v", received, repetitions, err)
		}
		messages += received
	}
	return messages, nil
}

func receiveAll(stream grpc.ClientStream) (int, error) {
	for messages := 0; ; messages++ {
		var answer payload
		if err := stream.RecvMsg(&answer); err == io.EOF {
			return messages, nil
		} else if err != nil {
			return messages, err
		}
	}
}

// callProduce makes calls of log.v1.Log/Produce: `ProduceRequest{Record record = 1 {bytes value = 1}}`.
func callProduce(conn *grpc.ClientConn, value []byte, _ int, until time.Time) (int, error) {
	request := payload(payload(value).marshal())
	return callUntil(conn, "/log.v1.Log/Produce", &request, until, func(int) {})
}

// callPut makes calls of etcd's KV/Put, each with a key of its own, as a log has an offset for each record.
func callPut(conn *grpc.ClientConn, value []byte, caller int, until time.Time) (int, error) {
	request := putRequest{key: make([]byte, 12), value: value}
	binary.BigEndian.PutUint32(request.key, uint32(caller))
	binary.BigEndian.PutUint32(request.key[4:], uint32(until.Unix()))
	return callUntil(conn, "/etcdserverpb.KV/Put", &request, until, func(call int) {
		binary.BigEndian.PutUint32(request.key[8:], uint32(call))
	})
}

func callUntil(
	conn *grpc.ClientConn, method string, request wireMessage, until time.Time, prepare func(call int),
) (int, error) {
	calls := 0
	for ; time.Now().Before(until); calls++ {
		prepare(calls)
		if err := conn.Invoke(context.Background(), method, request, &ignored{}); err != nil {
			return calls, err
		}
	}
	return calls, nil
}
