package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
)

// streamName names the stream and its only subject.
const streamName = "bench"

var jetStream = system{leader: jetStreamLeader, records: jetStreamRecords}

// jetStreamSession publishes on one connection for all callers.
type jetStreamSession struct{ conn *nats.Conn }

func openJetStream(address string) (session, error) {
	conn, err := connectNATS(address)
	return jetStreamSession{conn}, err
}

func connectNATS(address string) (*nats.Conn, error) {
	conn, err := nats.Connect("nats://"+address, nats.NoReconnect(), nats.Timeout(2*time.Second), nats.DontRandomize())
	if err != nil {
		return nil, fmt.Errorf("nats at %s: %w", address, err)
	}
	return conn, nil
}

// run publishes as nats.go's PublishAsync does, with an inbox for the acknowledgements and a bound on how many are
// missing, but counts them instead of keeping a future for each message: that costs the client less.
func (s jetStreamSession) run(_ int, turn *turn) (int, error) {
	window := newWindow(turn.inFlight)
	refused := make(chan error, 1)
	inbox := nats.NewInbox()
	answers, err := s.conn.Subscribe(inbox, func(message *nats.Msg) {
		if !isAcknowledgement(message.Data) {
			select {
			case refused <- fmt.Errorf("JetStream answered %q", message.Data):
			default: // one is enough
			}
		}
		window.leave()
	})
	if err != nil {
		return 0, err
	}
	defer answers.Unsubscribe()
	if err := answers.SetPendingLimits(-1, -1); err != nil {
		return 0, err
	}
	value := make([]byte, turn.bytes)
	messages := 0
	for ; turn.take(1); messages++ {
		if err := window.enter(turn); err != nil {
			return messages, fmt.Errorf("acknowledgements are missing: %w", err)
		}
		if err := s.conn.PublishRequest(streamName, inbox, value); err != nil {
			return messages, err
		}
	}
	// Once the window can be filled without a message, all have been answered.
	for place := 0; place < cap(window); place++ {
		if err := window.enter(turn); err != nil {
			return messages, fmt.Errorf("acknowledgements are missing: %w", err)
		}
	}
	select {
	case err := <-refused:
		return messages, err
	default:
		return messages, nil
	}
}

func (s jetStreamSession) close() { s.conn.Close() }

// isAcknowledgement tells `{"stream":"bench","seq":1}` from `{"error":{...},"stream":"bench","seq":0}`.
func isAcknowledgement(answer []byte) bool { return bytes.HasPrefix(answer, []byte(`{"stream"`)) }

// jetStreamLeader makes the stream if it is not there, and finds the node that leads it; others may be down.
func jetStreamLeader(addresses []string) (string, error) {
	leader := ""
	names := map[string]string{}
	for _, address := range addresses {
		conn, err := connectNATS(address)
		if err != nil {
			continue
		}
		defer conn.Close()
		names[conn.ConnectedServerName()] = address
		if leader == "" {
			if leader, err = streamLeader(conn, len(addresses)); err != nil {
				return "", err
			}
		}
	}
	if names[leader] == "" {
		return "", fmt.Errorf("the stream's leader %q is none of %v", leader, names)
	}
	return names[leader], nil
}

// streamLeader returns the name of the server that leads the stream, which is made with as many replicas as there are
// nodes.
func streamLeader(conn *nats.Conn, replicas int) (string, error) {
	api, err := conn.JetStream(nats.MaxWait(2 * time.Second))
	if err != nil {
		return "", err
	}
	info, err := api.StreamInfo(streamName)
	if errors.Is(err, nats.ErrStreamNotFound) {
		info, err = api.AddStream(&nats.StreamConfig{
			Name: streamName, Subjects: []string{streamName}, Storage: nats.FileStorage, Replicas: replicas,
		})
	}
	if err != nil {
		return "", fmt.Errorf("the stream: %w", err)
	}
	if info.Cluster == nil || len(info.Cluster.Replicas) != replicas-1 {
		return "", errors.New("the stream has not all of its replicas")
	}
	return info.Cluster.Leader, nil
}

// jetStreamRecords asks a node's monitoring address what is in its own replica: its API answers for the leader's.
func jetStreamRecords(address string) (uint64, error) {
	client := http.Client{Timeout: 2 * time.Second}
	response, err := client.Get("http://" + address + "/jsz?accounts=true&streams=true")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var report struct {
		Accounts []struct {
			Streams []struct {
				Name  string
				State struct{ Messages uint64 }
			} `json:"stream_detail"`
		} `json:"account_details"`
	}
	if err := json.NewDecoder(response.Body).Decode(&report); err != nil {
		return 0, err
	}
	for _, account := range report.Accounts {
		for _, stream := range account.Streams {
			if stream.Name == streamName {
				return stream.State.Messages, nil
			}
		}
	}
	return 0, fmt.Errorf("%s has no stream yet", address)
}
