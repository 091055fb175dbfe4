package main

import (
	"context"
	"io"
)

const aboutCheck = `
Decides whether histories of linearize are those of one log: whether every call can have taken effect at one moment
between its invocation and its answer. The histories of several processes that ran at the same time are checked as one.

Prints {"event":"violation",…} for what contradicts that, with the calls, and {"event":"totals",…}.
Exit status 1: it is not linearizable.`

func check(_ context.Context, arguments []string, output io.Writer) error {
	flags := newFlags("check", aboutCheck)
	paths := flags.files("history", "what linearize wrote; several are separated by commas")
	if err := flags.parse(arguments, output); err != nil {
		return err
	}
	history, err := readHistory(*paths)
	if err != nil {
		return err
	}
	report := newReport(output)
	found := newViolations(report)
	findContradictions(history, found.add)
	report.write(checkTotals{"totals", len(history.operations), history.byKind(), found.byKind()})
	return found.ending()
}

type checkTotals struct {
	Event      string            `json:"event"`
	Operations int               `json:"operations"`
	Calls      map[string]uint64 `json:"calls"`
	Violations map[string]uint64 `json:"violations"`
}

func (h *history) byKind() map[string]uint64 {
	counts := map[string]uint64{}
	for _, operation := range h.operations {
		counts[operation.Kind+" "+operation.Outcome]++
	}
	return counts
}
