package main

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
)

// kind is a way to load servers. What a cluster of one system needs apart from its calls is the same for all of its
// kinds.
type kind struct {
	system
	// open connects all callers of a turn to a node, by one connection.
	open func(address string) (session, error)
}

// system is what a load has to know of a cluster. The zero value is a server that is alone.
type system struct {
	// leader returns the address of the node that takes the writes. An error says why there is none yet.
	leader func(addresses []string) (string, error)
	// records returns how many records a node has, whatever the others have.
	records func(address string) (uint64, error)
}

// session is a connection under load.
type session interface {
	// run does one caller's part of a turn, and returns how many records or messages were answered.
	run(caller int, turn *turn) (int, error)
	close()
}

var kinds = map[string]kind{
	"unary":          {system{}, overGRPC(callUnary)},
	"bidi":           {system{}, overGRPC(callBidi)},
	"repeat":         {system{}, overGRPC(callRepeat)},
	"produce":        {proglog, overGRPC(callProduce)},
	"produce-stream": {proglog, overGRPC(callProduceStream)},
	// To a server alone: who leads a cluster is asked in plaintext.
	"produce-tls":        {system{}, over(mutualTLS, callProduce)},
	"produce-stream-tls": {system{}, over(mutualTLS, callProduceStream)},
	"put":                {etcd, overGRPC(callPut)},
	"jetstream":          {jetStream, openJetStream},
}

// parseTarget splits KIND=ADDRESS[,ADDRESS...][/PID,...].
func parseTarget(argument string) (target kind, addresses []string, processes string, err error) {
	name, rest, _ := strings.Cut(argument, "=")
	list, processes, _ := strings.Cut(rest, "/")
	target, known := kinds[name]
	if !known || list == "" {
		var names []string
		for name := range kinds {
			names = append(names, name)
		}
		sort.Strings(names)
		err = fmt.Errorf("%q is not KIND=ADDRESS with one of %s", argument, strings.Join(names, " "))
	}
	return target, strings.Split(list, ","), processes, err
}

// findLeader is the address itself where there is only one.
func (s system) findLeader(addresses []string) (string, error) {
	if len(addresses) == 1 {
		return addresses[0], nil
	}
	if s.leader == nil {
		return "", errors.New("servers of this kind are no cluster: one address is enough")
	}
	return s.leader(addresses)
}

// pollInterval is short beside what is waited for: elections and catching up.
const pollInterval = 10 * time.Millisecond

// eventually looks again until there is no error, and returns the last one when the time is over.
func eventually(within time.Duration, look func() error) error {
	deadline := time.Now().Add(within)
	for {
		err := look()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %v: %w", within, err)
		}
		time.Sleep(pollInterval)
	}
}
