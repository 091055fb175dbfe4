package main

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/grpc"
)

var etcd = system{leader: etcdLeader}

// callPut makes calls of etcd's KV/Put, each with a key of its own, as a log has an offset for each record.
func callPut(conn *grpc.ClientConn, caller int, turn *turn) (int, error) {
	request := putRequest{key: make([]byte, 12), value: make([]byte, turn.bytes)}
	binary.BigEndian.PutUint32(request.key, uint32(caller))
	binary.BigEndian.PutUint32(request.key[4:], uint32(turn.start.Unix()))
	return callWhile(conn, turn, "/etcdserverpb.KV/Put", &request, func(call int) {
		binary.BigEndian.PutUint32(request.key[8:], uint32(call))
	})
}

// putRequest is etcd's `PutRequest{bytes key = 1; bytes value = 2}`.
type putRequest struct{ key, value []byte }

func (p putRequest) marshal() []byte {
	data := make([]byte, 0, fieldSize(p.key)+fieldSize(p.value))
	return appendField(appendField(data, 1, p.key), 2, p.value)
}

func (putRequest) unmarshal([]byte) error { return errors.New("a request is not received") }

// memberStatus has what is needed of etcd's `StatusResponse{ResponseHeader header = 1; uint64 leader = 4}`.
type memberStatus struct{ member, leader uint64 }

func (*memberStatus) marshal() []byte { return nil }

func (s *memberStatus) unmarshal(data []byte) error {
	*s = memberStatus{}
	return eachField(data, func(number int, value uint64, bytes []byte) error {
		switch number {
		case 1:
			return eachField(bytes, func(number int, value uint64, _ []byte) error {
				if number == 2 { // ResponseHeader.member_id
					s.member = value
				}
				return nil
			})
		case 4:
			s.leader = value
		}
		return nil
	})
}

// etcdLeader asks every member: the cluster is complete when all answer, and agree.
func etcdLeader(addresses []string) (string, error) {
	leader := ""
	var named uint64
	for _, address := range addresses {
		var status memberStatus
		if err := ask(address, "/etcdserverpb.Maintenance/Status", &ignored{}, &status); err != nil {
			return "", err
		}
		if status.leader == 0 || named != 0 && status.leader != named {
			return "", fmt.Errorf("the members do not agree who leads: %x, %x", named, status.leader)
		}
		named = status.leader
		if status.member == status.leader {
			leader = address
		}
	}
	if leader == "" {
		return "", fmt.Errorf("the leader %x is none of %v", named, addresses)
	}
	return leader, nil
}
