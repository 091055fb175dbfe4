package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/keepalive"
)

const (
	methodProduce       = "/log.v1.Log/Produce"
	methodConsume       = "/log.v1.Log/Consume"
	methodConsumeStream = "/log.v1.Log/ConsumeStream"
	methodFindOffset    = "/log.v1.Log/FindOffset"
)

// maximumAnswerBytes is well above the 1 MiB that a server puts into an answer, for records that are larger.
const maximumAnswerBytes = 64 << 20

// A node that is back must be found soon, as the time to the next acknowledgement is measured; grpc-go by itself waits
// for up to two minutes.
var reconnection = grpc.ConnectParams{
	Backoff: backoff.Config{
		BaseDelay: 20 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 200 * time.Millisecond,
	},
	MinConnectTimeout: time.Second,
}

// A connection through a network that has been cut says nothing by itself. Ten seconds are grpc-go's least.
var liveness = keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 2 * time.Second}

// node is one server, and the connection to it.
type node struct {
	address    string
	connection *grpc.ClientConn
}

// dial begins to connect, and goes on with it for as long as the node exists.
func (d *dialer) dial(address string) (*node, error) {
	connection, err := grpc.Dial(address, d.security, grpc.WithConnectParams(reconnection),
		grpc.WithKeepaliveParams(liveness), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maximumAnswerBytes)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return &node{address, connection}, nil
}

func (where *endpoints) dialAll() ([]*node, error) {
	dialer, err := where.dialer()
	if err != nil {
		return nil, err
	}
	return dialer.dialAll(where.addresses)
}

func (d *dialer) dialAll(addresses []string) ([]*node, error) {
	var nodes []*node
	for _, address := range addresses {
		node, err := d.dial(address)
		if err != nil {
			closeAll(nodes)
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

func closeAll(nodes []*node) {
	for _, node := range nodes {
		node.connection.Close()
	}
}

func (n *node) isConnected() bool { return n.connection.GetState() == connectivity.Ready }

// read gives what the node says is at an offset, whether that is so or not.
func (n *node) read(ctx context.Context, offset uint64) (record, error) {
	var response consumeResponse
	err := n.connection.Invoke(ctx, methodConsume, &consumeRequest{offset: offset}, &response)
	if err != nil || len(response.records) == 0 {
		return record{}, err
	}
	return response.records[0], nil
}

// latest is the offset that the next record gets.
func (n *node) latest(ctx context.Context) (findOffsetResponse, error) {
	var response findOffsetResponse
	err := n.connection.Invoke(ctx, methodFindOffset, &findLatestRequest{}, &response)
	return response, err
}

// append writes one record, without a producer's stamp.
func (n *node) append(ctx context.Context, value []byte) (uint64, error) {
	var response produceResponse
	err := n.connection.Invoke(ctx, methodProduce, &produceRequest{values: [][]byte{value}}, &response)
	return response.offset, err
}

// A unary call in two halves, so that calls leave in a known order and are waited for at the same time.
var unary = grpc.StreamDesc{StreamName: "Produce"}

// beginProduce hands a request to the connection: of two calls that begin in turn, the first leaves first.
func (n *node) beginProduce(ctx context.Context, request message) (grpc.ClientStream, error) {
	stream, err := n.connection.NewStream(ctx, &unary, methodProduce)
	if err != nil {
		return nil, err
	}
	// An error here is io.EOF; the reason comes with the answer.
	if stream.SendMsg(request) == nil {
		stream.CloseSend()
	}
	return stream, nil
}

func endProduce(stream grpc.ClientStream) (produceResponse, error) {
	var response produceResponse
	err := stream.RecvMsg(&response)
	return response, err
}
