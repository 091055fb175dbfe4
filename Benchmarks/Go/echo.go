package main

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/grpc"
)

// repetitions is how many messages one call of Repeat asks for.
const repetitions = 20_000

func callUnary(conn *grpc.ClientConn, _ int, turn *turn) (int, error) {
	request := payload(make([]byte, turn.bytes))
	calls := 0
	for ; turn.take(1); calls++ {
		var answer payload
		if err := conn.Invoke(turn, "/bench.Echo/Unary", &request, &answer); err != nil {
			return calls, err
		}
		if len(answer) != len(request) {
			return calls, fmt.Errorf("an echo of %d bytes came back as %d", len(request), len(answer))
		}
	}
	return calls, nil
}

var bidiStream = grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

func callBidi(conn *grpc.ClientConn, _ int, turn *turn) (int, error) {
	stream, err := conn.NewStream(turn, &bidiStream, "/bench.Echo/Bidi")
	if err != nil {
		return 0, err
	}
	go func() {
		request := payload(make([]byte, turn.bytes))
		// An error of sending is io.EOF; receiving has the reason.
		for turn.take(1) && stream.SendMsg(&request) == nil {
		}
		stream.CloseSend()
	}()
	return receiveAll(stream)
}

func callRepeat(conn *grpc.ClientConn, _ int, turn *turn) (int, error) {
	request := payload(make([]byte, turn.bytes))
	binary.BigEndian.PutUint32(request, repetitions)
	messages := 0
	for turn.take(repetitions) {
		stream, err := conn.NewStream(turn, &grpc.StreamDesc{ServerStreams: true}, "/bench.Echo/Repeat")
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
