// Calls an echo server through grpc-go with messages of bare bytes: main PORTS SCENARIO, PORTS separated by commas.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
)

// rawCodec passes *[]byte through.
type rawCodec struct{}

func (rawCodec) Marshal(v interface{}) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v interface{}) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

// Longer than any call takes; a scenario that hangs must fail.
const patience = 40 * time.Second

func check(condition bool, format string, arguments ...interface{}) {
	if !condition {
		fmt.Fprintf(os.Stderr, format+"\n", arguments...)
		os.Exit(1)
	}
}

func background() context.Context {
	ctx, _ := context.WithTimeout(context.Background(), patience)
	return ctx
}

func invoke(ctx context.Context, c *grpc.ClientConn, method string, request []byte, options ...grpc.CallOption) ([]byte, error) {
	var reply []byte
	err := c.Invoke(ctx, "/test.Echo/"+method, &request, &reply, options...)
	return reply, err
}

func echo(c *grpc.ClientConn, request []byte, options ...grpc.CallOption) {
	reply, err := invoke(background(), c, "Unary", request, options...)
	check(err == nil, "echo of %d bytes: %v", len(request), err)
	check(bytes.Equal(reply, request), "echo of %d bytes gave %d", len(request), len(reply))
}

func expect(err error, code codes.Code) *status.Status {
	check(status.Code(err) == code, "expected %v, got %v", code, err)
	return status.Convert(err)
}

func stream(ctx context.Context, c *grpc.ClientConn, method string, options ...grpc.CallOption) grpc.ClientStream {
	s, err := c.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/test.Echo/"+method, options...)
	check(err == nil, "stream: %v", err)
	return s
}

func send(s grpc.ClientStream, message []byte) {
	err := s.SendMsg(&message)
	check(err == nil, "send: %v", err)
}

func receiveAll(s grpc.ClientStream) [][]byte {
	var messages [][]byte
	for {
		var message []byte
		err := s.RecvMsg(&message)
		if err == io.EOF {
			return messages
		}
		check(err == nil, "receive: %v", err)
		messages = append(messages, message)
	}
}

func unary(c *grpc.ClientConn) {
	for _, size := range []int{0, 1, 5000, 100000} {
		echo(c, bytes.Repeat([]byte("x"), size))
	}
}

func serverStream(c *grpc.ClientConn) {
	s := stream(background(), c, "Stream")
	send(s, []byte("1000 1000"))
	s.CloseSend()
	messages := receiveAll(s)
	check(len(messages) == 1000, "%d messages", len(messages))
	for _, message := range messages {
		check(len(message) == 1000, "a message of %d bytes", len(message))
	}
}

func exchange(c *grpc.ClientConn, sent [][]byte, options ...grpc.CallOption) {
	s := stream(background(), c, "Bidi", options...)
	go func() {
		for _, message := range sent {
			send(s, message)
		}
		s.CloseSend()
	}()
	received := receiveAll(s)
	check(len(received) == len(sent), "%d messages of %d", len(received), len(sent))
	for i := range sent {
		check(bytes.Equal(sent[i], received[i]), "message %d differs", i)
	}
}

func bidiStream(c *grpc.ClientConn) {
	var sent [][]byte
	for i := 0; i < 2000; i++ {
		sent = append(sent, bytes.Repeat([]byte{byte(i)}, i%500))
	}
	exchange(c, sent)
}

// Messages that fill many DATA frames, and frames that hold many messages.
func splitMessages(c *grpc.ClientConn) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 128<<10)
	echo(c, large)
	exchange(c, [][]byte{large, []byte("a"), large, {}, large})
}

func deadline(c *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := invoke(ctx, c, "Hang", nil)
	expect(err, codes.DeadlineExceeded)
	check(time.Since(start) < 5*time.Second, "the deadline came late")
	awaitCancellation(c)
}

func cancellation(c *grpc.ClientConn) {
	ctx, cancel := context.WithCancel(background())
	done := make(chan error)
	go func() {
		_, err := invoke(ctx, c, "Hang", nil)
		done <- err
	}()
	echo(c, []byte("after the hanging call"))
	cancel()
	expect(<-done, codes.Canceled)
	s := stream(background(), c, "Hang")
	send(s, nil)
	awaitCancellation(c)
}

func awaitCancellation(c *grpc.ClientConn) {
	ctx := background()
	for {
		seen, err := invoke(ctx, c, "Cancellations", nil)
		check(err == nil, "the handler was not cancelled: %v", err)
		if len(seen) > 0 {
			return
		}
	}
}

func binaryMetadata(c *grpc.ClientConn) {
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(i)
	}
	ctx := metadata.NewOutgoingContext(background(), metadata.Pairs(
		"x-data-bin", string(data), "x-data-bin", "", "x-data-bin", "a", "x-text", "t e x t"))
	var header, trailer metadata.MD
	_, err := invoke(ctx, c, "Unary", nil, grpc.Header(&header), grpc.Trailer(&trailer))
	check(err == nil, "%v", err)
	for _, received := range []metadata.MD{header, trailer} {
		values := received.Get("x-data-bin")
		check(len(values) >= 2 && values[0] == string(data) && values[len(values)-1] == "a", "%v", received)
		check(len(received.Get("x-text")) == 1 && received.Get("x-text")[0] == "t e x t", "%v", received)
	}
}

func statusDetails(c *grpc.ClientConn) {
	_, err := invoke(background(), c, "Fail", nil)
	s := expect(err, codes.OutOfRange)
	check(s.Message() == "100% späť\n", "message %q", s.Message())
	details := s.Proto().GetDetails()
	check(len(details) == 1, "%d details", len(details))
	check(details[0].TypeUrl == "type.googleapis.com/google.rpc.LocalizedMessage", "%v", details[0].TypeUrl)
	check(bytes.Contains(details[0].Value, []byte("no such offset")), "%v", details[0].Value)
}

// The status alone, without initial metadata or a message.
func trailersOnly(c *grpc.ClientConn) {
	s := stream(background(), c, "Fail")
	send(s, nil)
	s.CloseSend()
	var message []byte
	expect(s.RecvMsg(&message), codes.OutOfRange)
	check(s.Trailer() != nil, "no trailers")
}

func unknownMethod(c *grpc.ClientConn) {
	_, err := invoke(background(), c, "Nothing", nil)
	s := expect(err, codes.Unimplemented)
	check(strings.Contains(s.Message(), "/test.Echo/Nothing"), "%v", s.Message())
}

func oversize(c *grpc.ClientConn) {
	message := bytes.Repeat([]byte("x"), 5<<20)
	for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}} {
		_, err := invoke(background(), c, "Unary", message, options...)
		expect(err, codes.ResourceExhausted)
	}
	unary(c)
}

func gzipMessages(c *grpc.ClientConn) {
	for _, size := range []int{0, 10, 100000, 1 << 20} {
		echo(c, bytes.Repeat([]byte("x"), size), grpc.UseCompressor(gzip.Name))
	}
	var sent [][]byte
	for i := 0; i < 500; i++ {
		sent = append(sent, bytes.Repeat([]byte{byte(i)}, 10*i))
	}
	exchange(c, sent, grpc.UseCompressor(gzip.Name))
}

func concurrent(c *grpc.ClientConn) {
	load(c, 256, 4)
}

// The server pings many times while nothing else is sent, and this client answers.
func quietConnection(c *grpc.ClientConn) {
	s := stream(background(), c, "Bidi")
	send(s, []byte("x"))
	var message []byte
	check(s.RecvMsg(&message) == nil, "no echo")
	_, err := invoke(background(), c, "Pause", []byte("500"))
	check(err == nil, "%v", err)
	send(s, []byte("y"))
	check(s.RecvMsg(&message) == nil && string(message) == "y", "the stream did not survive")
}

// Calls in loops that must all succeed, whatever happens to servers and connections meanwhile.
func load(c *grpc.ClientConn, callers, calls int) {
	var group sync.WaitGroup
	for caller := 0; caller < callers; caller++ {
		group.Add(1)
		go func(caller int) {
			defer group.Done()
			for call := 0; call < calls; call++ {
				echo(c, []byte(fmt.Sprintf("%d %d", caller, call)))
			}
		}(caller)
	}
	group.Wait()
}

func drain(c *grpc.ClientConn) { load(c, 32, 75) }

var scenarios = map[string]func(*grpc.ClientConn){
	"unary": unary, "server_stream": serverStream, "bidi_stream": bidiStream, "split_messages": splitMessages,
	"deadline": deadline, "cancellation": cancellation, "binary_metadata": binaryMetadata,
	"status_details": statusDetails, "trailers_only": trailersOnly, "unknown_method": unknownMethod,
	"oversize": oversize, "gzip": gzipMessages, "concurrent": concurrent, "keepalive": quietConnection, "drain": drain,
}

func main() {
	time.AfterFunc(patience, func() { check(false, "%s hangs", os.Args[2]) })
	var addresses []resolver.Address
	for _, port := range strings.Split(os.Args[1], ",") {
		addresses = append(addresses, resolver.Address{Addr: "127.0.0.1:" + port})
	}
	servers, release := manual.GenerateAndRegisterManualResolver()
	defer release()
	servers.InitialState(resolver.State{Addresses: addresses})
	c, err := grpc.DialContext(background(), servers.Scheme()+":///servers", grpc.WithInsecure(), grpc.WithBlock(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(16<<20)))
	check(err == nil, "dial: %v", err)
	scenarios[os.Args[2]](c)
	c.Close()
}
