// Command grpcbench is the Go side of the benchmarks: an echo server on grpc-go to compare with, the load that meets
// every server and cluster alike, and idle connections.
//
//	grpcbench serve
//	grpcbench load [-callers N] [-seconds S | -records N] [-rounds N] [-bytes N] [-batch N] [-in-flight N]
//	               KIND=ADDRESS[,ADDRESS...][/PID,...]...
//	grpcbench leader [-within S] KIND=ADDRESS[,ADDRESS...]
//	grpcbench await [-within S] -records N KIND=ADDRESS
//	grpcbench idle [-connections N] ADDRESS
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{
		"serve": serve, "load": load, "leader": leader, "await": await, "idle": idle,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: grpcbench serve | load | leader | await | idle, each with -h")
		os.Exit(64)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "grpcbench:", err)
		os.Exit(1)
	}
}
