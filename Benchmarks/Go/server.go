package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"google.golang.org/grpc"
)

// serve runs the echo server, and prints its address first.
func serve([]string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	server.RegisterService(&echoService, struct{}{})
	fmt.Println(listener.Addr())
	return server.Serve(listener)
}

var echoService = grpc.ServiceDesc{
	ServiceName: "bench.Echo",
	HandlerType: (*interface{})(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: echoUnary}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Bidi", Handler: echoBidi, ServerStreams: true, ClientStreams: true},
		{StreamName: "Repeat", Handler: repeat, ServerStreams: true},
	},
}

func echoUnary(
	_ interface{}, _ context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor,
) (interface{}, error) {
	var request payload
	err := decode(&request)
	return &request, err
}

func echoBidi(_ interface{}, stream grpc.ServerStream) error {
	for {
		var message payload
		if err := stream.RecvMsg(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}

// repeat sends its request as often as the number says with which the request begins.
func repeat(_ interface{}, stream grpc.ServerStream) error {
	var request payload
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	for count := binary.BigEndian.Uint32(request); count > 0; count-- {
		if err := stream.SendMsg(&request); err != nil {
			return err
		}
	}
	return nil
}
