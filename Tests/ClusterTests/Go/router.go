package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errNoConnection is the answer to a call that could not be sent anywhere.
var errNoConnection = status.Error(codes.Unavailable, "no node is connected")

// maximumNodes bounds what leader hints can make the router connect to.
const maximumNodes = 64

// router finds the leader: by the hint of who is not it, or else by asking one node after the other.
type router struct {
	dialer *dialer
	mutex  sync.Mutex
	nodes  []*node
	leader int
}

// newRouter connects to the nodes, and waits until one of them can be called.
func newRouter(ctx context.Context, where *endpoints, patience time.Duration) (*router, error) {
	dialer, err := where.dialer()
	if err != nil {
		return nil, err
	}
	nodes, err := dialer.dialAll(where.addresses)
	if err != nil {
		return nil, err
	}
	r := &router{dialer: dialer, nodes: nodes}
	for deadline := time.Now().Add(patience); r.choose() == nil; {
		if time.Now().After(deadline) || !pause(ctx, minimumBackoff) {
			r.close()
			return nil, fmt.Errorf("none of %v can be reached", where.addresses)
		}
	}
	return r, nil
}

func (r *router) close() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	closeAll(r.nodes)
}

// choose gives the node that is believed to lead, or the next one that can be called at once: a call would wait for a
// connection to a dead node for as long as the call may take. nil: no node can be called.
func (r *router) choose() *node {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for range r.nodes {
		if node := r.nodes[r.leader]; node.isConnected() {
			return node
		}
		r.leader = (r.leader + 1) % len(r.nodes)
	}
	return nil
}

// learn takes in why a node did not do what a leader does. It says whether another node was named that can be asked at
// once.
func (r *router) learn(asked *node, refused refusal) bool {
	isNotLeader := refused.reason == reasonNotLeader
	if asked == nil || !isNotLeader && refused.code != codes.Unavailable && refused.code != codes.DeadlineExceeded {
		return false
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if hint := refused.metadata["leader_rpc_addr"]; isNotLeader && hint != "" && hint != asked.address {
		// A hint at a node that has just died is what others still believe: go on asking.
		if place := r.placeOf(hint); place >= 0 && r.nodes[place].isConnected() {
			r.leader = place
			return true
		}
	}
	// Unless another caller has found out more already.
	if r.nodes[r.leader] == asked {
		r.leader = (r.leader + 1) % len(r.nodes)
	}
	return false
}

func (r *router) placeOf(address string) int {
	for place, node := range r.nodes {
		if node.address == address {
			return place
		}
	}
	if len(r.nodes) == maximumNodes {
		return -1
	}
	node, err := r.dialer.dial(address)
	if err != nil {
		return -1
	}
	r.nodes = append(r.nodes, node)
	return len(r.nodes) - 1
}
