package main

import (
	"context"
	"fmt"
	"math/rand"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// fakeFaults is what goes wrong in a fakeCluster. The first two are what any cluster may do; the others break promises.
type fakeFaults struct {
	// Of so many calls one is answered UNAVAILABLE: half of them before and half after they took effect.
	unavailable int
	// After so many appends another node leads.
	leaderMoves int

	// Retries are appended again.
	forgetsProducers bool
	// Of so many batches one is acknowledged and not there.
	loses int
	// Of so many batches one is appended without its last record, and answered UNAVAILABLE.
	tears int
	// The last node has another value here.
	diverges uint64
	// The last node never gets farther than this.
	stops int
	// Reads are answered by what a node has, without asking the leader; a follower is so many records behind.
	lag int
	// Of so many appends one is refused as by a node that does not lead, and takes effect.
	refusesFalsely int
}

// enoughAppends is after how many a test has seen each of the faults that are left to chance.
const enoughAppends = 400

// fakeCluster answers as logd's cluster does, from memory.
type fakeCluster struct {
	faults fakeFaults
	nodes  []*fakeNode
	// Ends after enoughAppends.
	busy context.Context
	stop context.CancelFunc

	mutex     sync.Mutex
	random    *rand.Rand
	log       []record
	producers map[uint64]*fakeProducer
	leader    int
	appends   int
}

type fakeNode struct {
	cluster *fakeCluster
	number  int
	address string
}

// fakeProducer is what a cluster knows of a producer: where each of its batches stands.
type fakeProducer struct {
	next    uint64
	offsets map[uint64]uint64
}

func newFakeCluster(t *testing.T, faults fakeFaults) *fakeCluster {
	cluster := &fakeCluster{faults: faults, random: rand.New(rand.NewSource(1)), producers: map[uint64]*fakeProducer{}}
	cluster.busy, cluster.stop = context.WithCancel(context.Background())
	t.Cleanup(cluster.stop)
	for number := 0; number < 3; number++ {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		node := &fakeNode{cluster, number, listener.Addr().String()}
		cluster.nodes = append(cluster.nodes, node)
		server := grpc.NewServer()
		server.RegisterService(&fakeService, node)
		go server.Serve(listener)
		t.Cleanup(server.Stop)
	}
	return cluster
}

func (c *fakeCluster) addresses() (list string) {
	for _, node := range c.nodes {
		list += "," + node.address
	}
	return list[1:]
}

// rawMessage is a message as it is on the wire.
type rawMessage []byte

func (m *rawMessage) marshal() []byte { return *m }

func (m *rawMessage) unmarshal(data []byte) error {
	*m = append(rawMessage(nil), data...)
	return nil
}

func fakeUnary(name string, answer func(*fakeNode, []byte) (rawMessage, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(
		server interface{}, _ context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor,
	) (interface{}, error) {
		var request rawMessage
		if err := decode(&request); err != nil {
			return nil, err
		}
		node := server.(*fakeNode)
		node.cluster.mutex.Lock()
		defer node.cluster.mutex.Unlock()
		answer, err := answer(node, request)
		return &answer, err
	}}
}

var fakeService = grpc.ServiceDesc{
	ServiceName: "log.v1.Log",
	HandlerType: (*interface{})(nil),
	Methods: []grpc.MethodDesc{
		fakeUnary("Produce", (*fakeNode).produce), fakeUnary("Consume", (*fakeNode).consume),
		fakeUnary("FindOffset", (*fakeNode).findOffset),
	},
	Streams: []grpc.StreamDesc{{StreamName: "ConsumeStream", Handler: fakeConsumeStream, ServerStreams: true}},
}

func fakeError(code codes.Code, reason string, metadata map[string]string) error {
	made, err := status.New(code, "as planned").WithDetails(
		&errdetails.ErrorInfo{Reason: reason, Domain: errorDomain, Metadata: metadata})
	if err != nil {
		panic(err)
	}
	return made.Err()
}

func (c *fakeCluster) happens(one int) bool { return one > 0 && c.random.Intn(one) == 0 }

func (n *fakeNode) produce(request []byte) (rawMessage, error) {
	c := n.cluster
	if n.number != c.leader {
		hint := map[string]string{"leader_rpc_addr": c.nodes[c.leader].address}
		return nil, fakeError(codes.FailedPrecondition, reasonNotLeader, hint)
	}
	fails := c.happens(c.faults.unavailable)
	if fails && c.random.Intn(2) == 0 {
		return nil, fakeError(codes.Unavailable, "", nil)
	}
	values, stamp := decodeProduce(request)
	offset, isDuplicate, err := c.appendBatch(values, stamp)
	if err != nil {
		return nil, err
	}
	c.appends++
	if c.appends == enoughAppends {
		c.stop()
	}
	if c.faults.leaderMoves > 0 && c.appends%c.faults.leaderMoves == 0 {
		c.leader = (c.leader + 1) % len(c.nodes)
	}
	if c.happens(c.faults.refusesFalsely) {
		return nil, fakeError(codes.FailedPrecondition, reasonNotLeader, nil)
	}
	if fails {
		return nil, fakeError(codes.Unavailable, "", nil)
	}
	answer := appendVarint(appendVarint(nil, 1, offset), 2, uint64(len(values)))
	if isDuplicate {
		answer = appendVarint(answer, 4, 1)
	}
	return answer, nil
}

// appendBatch appends what is next in its producer's sequence, and finds what is there already.
func (c *fakeCluster) appendBatch(values [][]byte, stamp *producerStamp) (offset uint64, isDuplicate bool, err error) {
	offset = uint64(len(c.log))
	if stamp != nil && !c.faults.forgetsProducers {
		producer := c.producers[stamp.id]
		if producer == nil {
			producer = &fakeProducer{offsets: map[uint64]uint64{}}
			c.producers[stamp.id] = producer
		}
		if first, isKnown := producer.offsets[stamp.sequence]; isKnown {
			return first, true, nil
		}
		if stamp.sequence != producer.next {
			return 0, false, fakeError(codes.Aborted, reasonSequenceGap, nil)
		}
		producer.next += uint64(len(values))
		producer.offsets[stamp.sequence] = offset
	}
	if c.happens(c.faults.loses) {
		return offset, false, nil
	}
	isTorn := c.happens(c.faults.tears)
	if isTorn {
		values = values[:len(values)-1]
	}
	for _, value := range values {
		c.log = append(c.log, record{value: value, offset: uint64(len(c.log)), term: uint64(1 + c.leader)})
	}
	if isTorn {
		return 0, false, fakeError(codes.InvalidArgument, "", nil)
	}
	return offset, false, nil
}

func decodeProduce(request []byte) (values [][]byte, stamp *producerStamp) {
	eachField(request, func(outer field) error {
		return eachField(outer.bytes, func(inner field) error {
			switch {
			case outer.number < 4:
				values = append(values, inner.bytes)
			case stamp == nil:
				stamp = &producerStamp{}
				fallthrough
			default:
				stamp.take(inner)
			}
			return nil
		})
	})
	return values, stamp
}

func (s *producerStamp) take(field field) {
	switch field.number {
	case 1:
		s.id = field.value
	case 2:
		s.epoch = uint32(field.value)
	case 3:
		s.sequence = field.value
	}
}

// end is where the log ends, as the node knows or finds out.
func (n *fakeNode) end() int {
	end := len(n.cluster.log)
	if n.number == n.cluster.leader {
		return end
	}
	if end -= n.cluster.faults.lag; end < 0 {
		return 0
	}
	return end
}

func (n *fakeNode) consume(request []byte) (rawMessage, error) {
	var offset uint64
	eachField(request, func(field field) error {
		offset = field.value
		return nil
	})
	if end := n.end(); offset >= uint64(end) {
		return nil, fakeError(codes.OutOfRange, "OFFSET_OUT_OF_RANGE", map[string]string{
			"requested": strconv.FormatUint(offset, 10), "start": "0", "end": strconv.Itoa(end),
		})
	}
	return appendBytes(nil, 2, encodeRecord(n.cluster.log[offset])), nil
}

func (n *fakeNode) findOffset([]byte) (rawMessage, error) {
	end := uint64(n.end())
	return appendVarint(appendVarint(nil, 1, end), 3, end), nil
}

func encodeRecord(record record) []byte {
	return appendVarint(appendVarint(appendBytes(nil, 1, record.value), 2, record.offset), 3, record.term)
}

func fakeConsumeStream(server interface{}, stream grpc.ServerStream) error {
	node, request, next := server.(*fakeNode), rawMessage{}, 0
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	eachField(request, func(field field) error {
		if field.number == 1 {
			next = int(field.value)
		}
		return nil
	})
	for pause(stream.Context(), time.Millisecond) {
		answer, end := node.after(next)
		if end == next {
			continue
		}
		next = end
		if err := stream.SendMsg(&answer); err != nil {
			return err
		}
		if node.cluster.faults.unavailable > 0 {
			return status.Error(codes.Unavailable, fmt.Sprintf("the stream breaks before %d", next))
		}
	}
	// The deadline travels with the call: the server may see it pass before the client does, and says so, as logd does.
	return status.FromContextError(stream.Context().Err()).Err()
}

// after encodes what a node has from an offset on.
func (n *fakeNode) after(next int) (answer rawMessage, end int) {
	n.cluster.mutex.Lock()
	defer n.cluster.mutex.Unlock()
	isLast := n.number == len(n.cluster.nodes)-1
	end = len(n.cluster.log)
	if stops := n.cluster.faults.stops; isLast && stops > 0 && end > stops {
		end = stops
	}
	for offset := next; offset < end; offset++ {
		record := n.cluster.log[offset]
		if isLast && n.cluster.faults.diverges == record.offset && record.offset > 0 {
			record.value = append([]byte("another"), record.value...)
		}
		answer = appendBytes(answer, 3, encodeRecord(record))
	}
	return answer, end
}
