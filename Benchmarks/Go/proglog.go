package main

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
)

var proglog = system{leader: proglogLeader, records: proglogRecords}

// callProduce makes calls of log.v1.Log/Produce, each with one record.
func callProduce(conn *grpc.ClientConn, _ int, turn *turn) (int, error) {
	request := produceRequest(turn.bytes, 1)
	return callWhile(conn, turn, "/log.v1.Log/Produce", request, func(int) {})
}

// callProduceStream makes one call of ProduceStream. Its messages, of one record or one batch each, follow one another
// without waiting, as far as the window allows.
func callProduceStream(conn *grpc.ClientConn, _ int, turn *turn) (int, error) {
	ended, end := context.WithCancel(turn)
	defer end()
	stream, err := conn.NewStream(ended, &bidiStream, "/log.v1.Log/ProduceStream")
	if err != nil {
		return 0, err
	}
	window := newWindow(turn.inFlight / turn.batch)
	sent := make(chan int, 1)
	go func() {
		request := produceRequest(turn.bytes, turn.batch)
		messages := 0
		for ; turn.take(turn.batch); messages++ {
			// Receiving has the reason, if the stream breaks.
			if window.enter(ended) != nil || stream.SendMsg(request) != nil {
				break
			}
		}
		stream.CloseSend()
		sent <- messages
	}()
	answered := 0
	for ; ; answered++ {
		if err := stream.RecvMsg(&ignored{}); err == io.EOF {
			break
		} else if err != nil {
			return answered * turn.batch, err
		}
		window.leave()
	}
	if messages := <-sent; answered != messages {
		return 0, fmt.Errorf("%d answers to %d messages", answered, messages)
	}
	return answered * turn.batch, nil
}

// produceRequest is `ProduceRequest{Record record = 1; repeated Record records = 2}` with `Record{bytes value = 1}`.
func produceRequest(bytes, records int) encoded {
	record := payload(make([]byte, bytes)).marshal()
	if records == 1 {
		return appendField(nil, 1, record)
	}
	var request encoded
	for ; records > 0; records-- {
		request = appendField(request, 2, record)
	}
	return request
}

// nodeStatus has what is needed of proglog.admin.v1.GetStatusResponse.
type nodeStatus struct {
	endOffset uint64
	members   []member
}

type member struct {
	address  string
	isVoter  bool
	isLeader bool
}

// voter is proglog.admin.v1.VOTER.
const voter = 2

func (*nodeStatus) marshal() []byte { return nil }

func (s *nodeStatus) unmarshal(data []byte) error {
	*s = nodeStatus{}
	return eachField(data, func(number int, value uint64, bytes []byte) error {
		switch number {
		case 13:
			s.endOffset = value
		case 14:
			member, err := parseMember(bytes)
			s.members = append(s.members, member)
			return err
		}
		return nil
	})
}

func parseMember(data []byte) (member, error) {
	var result member
	err := eachField(data, func(number int, value uint64, bytes []byte) error {
		switch number {
		case 2:
			result.address = string(bytes)
		case 3:
			result.isVoter = value == voter
		case 4:
			result.isLeader = value != 0
		}
		return nil
	})
	return result, err
}

func proglogStatus(address string) (nodeStatus, error) {
	var status nodeStatus
	err := ask(address, "/proglog.admin.v1.Admin/GetStatus", &ignored{}, &status)
	return status, err
}

// proglogLeader asks the first node that answers; nodes that are down are members all the same.
func proglogLeader(addresses []string) (string, error) {
	var status nodeStatus
	var err error
	for _, address := range addresses {
		if status, err = proglogStatus(address); err == nil {
			break
		}
	}
	if err != nil {
		return "", err
	}
	voters, leader := 0, ""
	for _, member := range status.members {
		if member.isVoter {
			voters++
		}
		if member.isLeader {
			leader = member.address
		}
	}
	if voters != len(addresses) || leader == "" {
		return "", fmt.Errorf("%d voters of %d, leader %q", voters, len(addresses), leader)
	}
	return leader, nil
}

func proglogRecords(address string) (uint64, error) {
	status, err := proglogStatus(address)
	return status.endOffset, err
}
