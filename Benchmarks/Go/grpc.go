package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
)

// grpcSession is a connection that all callers of a turn share.
type grpcSession struct {
	conn *grpc.ClientConn
	call func(conn *grpc.ClientConn, caller int, turn *turn) (int, error)
}

func overGRPC(call func(*grpc.ClientConn, int, *turn) (int, error)) func(string) (session, error) {
	return over(plaintext, call)
}

func over(
	security func() (grpc.DialOption, error), call func(*grpc.ClientConn, int, *turn) (int, error),
) func(string) (session, error) {
	return func(address string) (session, error) {
		option, err := security()
		if err != nil {
			return nil, err
		}
		conn, err := grpc.Dial(address, option, grpc.WithBlock(), grpc.WithTimeout(10*time.Second))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		return grpcSession{conn, call}, nil
	}
}

func (s grpcSession) run(caller int, turn *turn) (int, error) { return s.call(s.conn, caller, turn) }

func (s grpcSession) close() { s.conn.Close() }

// ask makes one call on a connection of its own, and fails at once if the server is not there.
func ask(address, method string, request, answer wireMessage) error {
	conn, err := grpc.Dial(address, grpc.WithInsecure())
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := conn.Invoke(deadline, method, request, answer); err != nil {
		return fmt.Errorf("%s at %s: %w", method, address, err)
	}
	return nil
}

// callWhile makes one call after the other for as long as the turn takes, each with a request that was prepared for it.
func callWhile(
	conn *grpc.ClientConn, turn *turn, method string, request wireMessage, prepare func(call int),
) (int, error) {
	calls := 0
	for ; turn.take(1); calls++ {
		prepare(calls)
		if err := conn.Invoke(turn, method, request, &ignored{}); err != nil {
			return calls, err
		}
	}
	return calls, nil
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
