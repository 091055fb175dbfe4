// Command grpcbench is the grpc-go side of the benchmarks: an echo server to compare with, the load that meets every
// server alike, and idle connections.
//
//	grpcbench serve
//	grpcbench load [-callers N] [-seconds S] [-rounds N] [-bytes N] KIND=ADDRESS...
//	grpcbench idle [-connections N] ADDRESS
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"serve": serve, "load": load, "idle": idle}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: grpcbench serve | load | idle, each with -h")
		os.Exit(64)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "grpcbench:", err)
		os.Exit(1)
	}
}
