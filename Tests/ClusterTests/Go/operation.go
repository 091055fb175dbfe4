package main

import (
	"errors"
	"fmt"
	"math"
)

// What a client asks of a log.
const (
	// Write a value behind the last.
	operationAppend = "append"
	// Read the value at an offset.
	operationRead = "read"
	// Where does the log end?
	operationLatest = "latest"
)

// What it was told.
const (
	outcomeOK = "ok"
	// Of a read: the log ends before that offset, at `end`.
	outcomeEnd = "end"
	// Of an append: nothing of it is in the log. One of which nobody knows has outcomeInDoubt.
	outcomeRefused = "refused"
)

// operation is a line of the history that concurrent clients write: one call, from before it was sent until after its
// answer had come.
type operation struct {
	Client   int         `json:"client"`
	Kind     string      `json:"op"`
	Node     string      `json:"node,omitempty"`
	Invoked  nanoseconds `json:"invoked_ns"`
	Returned nanoseconds `json:"returned_ns"`
	Outcome  string      `json:"outcome"`
	// That was appended, or read.
	Value string `json:"value,omitempty"`
	// That the append got, or that was asked for.
	Offset uint64 `json:"offset"`
	// Where the log is said to end.
	End    uint64 `json:"end"`
	Reason string `json:"reason,omitempty"`
	// The first line of a file: what the log had before is nobody's.
	IsBeginning bool `json:"beginning,omitempty"`
}

// never is when an append in doubt returned: it may yet take effect.
const never = nanoseconds(math.MaxInt64)

// ended is by when it had taken effect, if at all.
func (o *operation) ended() nanoseconds {
	if o.Kind == operationAppend && o.Outcome == outcomeInDoubt {
		return never
	}
	return o.Returned
}

// tellsEnd tells whether it was an answer about where the log ends.
func (o *operation) tellsEnd() bool { return o.Outcome == outcomeEnd }

func (o *operation) check() error {
	switch [2]string{o.Kind, o.Outcome} {
	case [2]string{operationAppend, outcomeOK}, [2]string{operationAppend, outcomeInDoubt},
		[2]string{operationAppend, outcomeRefused}, [2]string{operationRead, outcomeOK},
		[2]string{operationRead, outcomeEnd}, [2]string{operationLatest, outcomeEnd}:
	default:
		return fmt.Errorf("no %s has the outcome %q", o.Kind, o.Outcome)
	}
	if o.ended() < o.Invoked {
		return errors.New("it returned before it was invoked")
	}
	return nil
}

// history is what concurrent clients did to one log that nobody else wrote to.
type history struct {
	// Where the log ended before: what is there nobody of these has appended.
	base       uint64
	operations []*operation
}

func readHistory(paths []string) (*history, error) {
	read := &history{base: math.MaxUint64}
	values := map[string]bool{}
	for _, path := range paths {
		err := readJournal(path, func(decode func(interface{}) error) error {
			line := &operation{}
			if err := decode(line); err != nil {
				return err
			}
			if line.IsBeginning && line.End < read.base {
				read.base = line.End
			}
			if line.Kind == operationAppend {
				if values[line.Value] {
					return fmt.Errorf("%q is appended twice: values have to be different to be told apart", line.Value)
				}
				values[line.Value] = true
			}
			read.operations = append(read.operations, line)
			return line.check()
		})
		if err != nil {
			return nil, err
		}
	}
	if read.base == math.MaxUint64 {
		return nil, errors.New("no history, or one that does not say where the log ended at its beginning")
	}
	return read, nil
}
