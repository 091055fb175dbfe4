package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// errHelpShown ends a command that was asked for its flags.
var errHelpShown = errors.New("help was shown")

// flagSet is the flags of a command, with help in the shape that logd and logctl have.
type flagSet struct {
	*flag.FlagSet
	command string
	about   string
}

func newFlags(command, about string) *flagSet {
	set := &flagSet{flag.NewFlagSet(command, flag.ContinueOnError), command, about}
	set.Usage = func() {}
	set.SetOutput(io.Discard)
	return set
}

// parse reads the flags. What is no flag is refused.
func (set *flagSet) parse(arguments []string, output io.Writer) error {
	err := set.Parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		set.printHelp(output)
		return errHelpShown
	}
	if err != nil {
		return fmt.Errorf("%w; see cluster-client %s --help", err, set.command)
	}
	if set.NArg() > 0 {
		return fmt.Errorf("%q is no flag; see cluster-client %s --help", set.Arg(0), set.command)
	}
	return nil
}

func (set *flagSet) printHelp(output io.Writer) {
	fmt.Fprintf(output, "usage: cluster-client %s [--FLAG VALUE]...\n%s\n\n", set.command, set.about)
	set.VisitAll(func(flag *flag.Flag) {
		fmt.Fprintf(output, "  --%-18s %s", flag.Name, flag.Usage)
		if flag.DefValue != "" {
			fmt.Fprintf(output, " (default %s)", flag.DefValue)
		}
		fmt.Fprintln(output)
	})
}

// listFlag is a flag whose value is separated by commas, and which may be given several times.
type listFlag []string

func (list *listFlag) String() string { return strings.Join(*list, ",") }

func (list *listFlag) Set(value string) error {
	for _, item := range strings.Split(value, ",") {
		if item == "" {
			return errors.New("an empty item")
		}
		*list = append(*list, item)
	}
	return nil
}

func (set *flagSet) files(name, usage string) *listFlag {
	list := new(listFlag)
	set.Var(list, name, usage)
	return list
}
