package main

import (
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const errorDomain = "proglog.io"

// What logd gives as ErrorInfo.reason.
const (
	reasonNotLeader   = "NOT_LEADER"
	reasonOverloaded  = "OVERLOADED"
	reasonNoSpace     = "NO_SPACE"
	reasonSequenceGap = "SEQUENCE_GAP"
)

// refusal is the error of a call, as gRPC's status and logd's details have it.
type refusal struct {
	code     codes.Code
	reason   string
	metadata map[string]string
	message  string
}

func refusalOf(err error) refusal {
	converted := status.Convert(err)
	refused := refusal{code: converted.Code(), message: converted.Message()}
	for _, detail := range converted.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == errorDomain {
			refused.reason, refused.metadata = info.GetReason(), info.GetMetadata()
		}
	}
	return refused
}

// kind names it in counts: the reason, or else the code as the protocol spells it.
func (r refusal) kind() string {
	if r.reason != "" {
		return r.reason
	}
	return spelling(r.code)
}

func (r refusal) String() string { return r.kind() + ": " + r.message }

// isRetryable tells whether the same request may succeed later.
func (r refusal) isRetryable() bool {
	switch r.code {
	case codes.Unavailable, codes.DeadlineExceeded:
		return true
	case codes.FailedPrecondition:
		return r.reason == reasonNotLeader
	case codes.ResourceExhausted:
		return r.reason == reasonOverloaded || r.reason == reasonNoSpace
	default:
		return false
	}
}

// isSequenceGap tells whether the server lacks an earlier batch of the same producer.
func (r refusal) isSequenceGap() bool {
	return r.reason == reasonSequenceGap && (r.code == codes.Aborted || r.code == codes.OutOfRange)
}

// hasNoEffect tells whether nothing of the request is in the log, nor ever will be. Of another failure nobody knows.
func (r refusal) hasNoEffect() bool {
	switch r.code {
	case codes.InvalidArgument, codes.Unimplemented, codes.PermissionDenied, codes.Unauthenticated:
		return true
	default:
		return r.isRetryable() && r.code != codes.Unavailable && r.code != codes.DeadlineExceeded
	}
}

// endOfLog is where the log ends, if the read was refused because its offset is not before that.
func (r refusal) endOfLog() (end uint64, isEnd bool) {
	if r.code != codes.OutOfRange {
		return 0, false
	}
	end, err := strconv.ParseUint(r.metadata["end"], 10, 64)
	return end, err == nil
}

// spelling is a code's name in the protocol: DEADLINE_EXCEEDED for DeadlineExceeded.
func spelling(code codes.Code) string {
	var name strings.Builder
	for place, letter := range code.String() {
		if place > 0 && letter >= 'A' && letter <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	return strings.ToUpper(name.String())
}
