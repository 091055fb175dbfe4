package main

import (
	"errors"
	"flag"
	"fmt"
	"time"
)

// leader waits until a cluster is complete and prints the address of its leader.
func leader(arguments []string) error {
	flags := flag.NewFlagSet("leader", flag.ExitOnError)
	within := flags.Float64("within", 60, "seconds")
	flags.Parse(arguments)
	kind, addresses, _, err := parseTarget(flags.Arg(0))
	if err != nil {
		return err
	}
	return eventually(time.Duration(*within*float64(time.Second)), func() error {
		address, err := kind.findLeader(addresses)
		if err == nil {
			fmt.Println(address)
		}
		return err
	})
}

// await waits until a node has so many records, and prints how many it has.
func await(arguments []string) error {
	flags := flag.NewFlagSet("await", flag.ExitOnError)
	within := flags.Float64("within", 60, "seconds")
	records := flags.Uint64("records", 0, "how many")
	flags.Parse(arguments)
	kind, addresses, _, err := parseTarget(flags.Arg(0))
	if err != nil {
		return err
	}
	if kind.records == nil || len(addresses) != 1 {
		return errors.New("await takes one address of a kind whose nodes count their records")
	}
	return eventually(time.Duration(*within*float64(time.Second)), func() error {
		count, err := kind.records(addresses[0])
		if err == nil && count < *records {
			err = fmt.Errorf("%d records of %d", count, *records)
		}
		if err == nil {
			fmt.Println(count)
		}
		return err
	})
}
