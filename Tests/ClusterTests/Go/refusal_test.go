package main

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestRefusals(t *testing.T) {
	cases := []struct {
		err         error
		kind        string
		isRetryable bool
		hasNoEffect bool
	}{
		{fakeError(codes.FailedPrecondition, reasonNotLeader, nil), "NOT_LEADER", true, true},
		{fakeError(codes.FailedPrecondition, "PRODUCER_FENCED", nil), "PRODUCER_FENCED", false, false},
		{fakeError(codes.FailedPrecondition, "SEQUENCE_TOO_OLD", nil), "SEQUENCE_TOO_OLD", false, false},
		{fakeError(codes.ResourceExhausted, reasonNoSpace, nil), "NO_SPACE", true, true},
		{fakeError(codes.ResourceExhausted, reasonOverloaded, nil), "OVERLOADED", true, true},
		{status.Error(codes.ResourceExhausted, "too large"), "RESOURCE_EXHAUSTED", false, false},
		{fakeError(codes.Unavailable, "SHUTTING_DOWN", nil), "SHUTTING_DOWN", true, false},
		{status.Error(codes.DeadlineExceeded, ""), "DEADLINE_EXCEEDED", true, false},
		{status.Error(codes.InvalidArgument, ""), "INVALID_ARGUMENT", false, true},
		{status.Error(codes.DataLoss, ""), "DATA_LOSS", false, false},
		{errors.New("anything"), "UNKNOWN", false, false},
	}
	for _, c := range cases {
		refused := refusalOf(c.err)
		if refused.kind() != c.kind || refused.isRetryable() != c.isRetryable || refused.hasNoEffect() != c.hasNoEffect {
			t.Errorf("%v: %s, retryable %v, without effect %v",
				c.err, refused.kind(), refused.isRetryable(), refused.hasNoEffect())
		}
	}
	end, isEnd := refusalOf(fakeError(codes.OutOfRange, "OFFSET_OUT_OF_RANGE", map[string]string{"end": "12"})).endOfLog()
	if end != 12 || !isEnd {
		t.Errorf("the end is %d, %v", end, isEnd)
	}
	if _, isEnd := refusalOf(status.Error(codes.OutOfRange, "")).endOfLog(); isEnd {
		t.Error("an end was read from nothing")
	}
}
