// Command cluster-client loads a cluster of logd and checks what it promises. It shares no code with the server.
//
//	cluster-client produce   load by idempotent producers; writes down every acknowledgement
//	cluster-client consume   follows the log on every replica; what was seen once must never change
//	cluster-client verify    compares the log of every replica with what was acknowledged and seen
//	cluster-client linearize concurrent clients that append and read; writes down every call with its times
//	cluster-client check     decides whether such a history is linearizable
//
// Lines of JSON go to the standard output, diagnostics to the standard error. The exit status is 0 when every promise
// was kept, 1 when one was broken, and 2 when that could not be found out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
)

const (
	exitKept    = 0
	exitBroken  = 1
	exitUnknown = 2
)

// errBroken ends a command that has reported a broken promise.
var errBroken = errors.New("a promise was broken")

type command struct {
	name    string
	summary string
	run     func(ctx context.Context, arguments []string, output io.Writer) error
}

var commands = []command{
	{"produce", "load by idempotent producers; writes down every acknowledgement", produce},
	{"consume", "follow the log on every replica; what was seen once must never change", consume},
	{"verify", "compare the log of every replica with what was acknowledged and seen", verify},
	{"linearize", "append and read with concurrent clients; writes down every call with its times", linearize},
	{"check", "decide whether such a history is linearizable", check},
}

func main() {
	rand.Seed(int64(randomID()))
	os.Exit(run(stopOnSignal(context.Background()), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program but for the process: its exit status.
func run(ctx context.Context, arguments []string, output, diagnostics io.Writer) int {
	if len(arguments) == 0 || arguments[0] == "help" || arguments[0] == "-h" || arguments[0] == "--help" {
		if len(arguments) == 0 {
			printUsage(diagnostics)
			return exitUnknown
		}
		printUsage(output)
		return exitKept
	}
	for _, command := range commands {
		if command.name != arguments[0] {
			continue
		}
		err := command.run(ctx, arguments[1:], output)
		switch {
		case err == nil, errors.Is(err, errHelpShown):
			return exitKept
		case errors.Is(err, errBroken):
			return exitBroken
		default:
			fmt.Fprintf(diagnostics, "cluster-client %s: %v\n", command.name, err)
			return exitUnknown
		}
	}
	fmt.Fprintf(diagnostics, "cluster-client: there is no command %q\n", arguments[0])
	printUsage(diagnostics)
	return exitUnknown
}

func printUsage(to io.Writer) {
	fmt.Fprintln(to, "usage: cluster-client COMMAND [--FLAG VALUE]...   (COMMAND --help shows its flags)")
	for _, command := range commands {
		fmt.Fprintf(to, "  %-10s %s\n", command.name, command.summary)
	}
	fmt.Fprintln(to, "exit status: 0 every promise was kept, 1 one was broken, 2 that could not be found out")
}
