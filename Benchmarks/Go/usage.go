package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processes are those of a server or cluster.
type processes []int

// usage is what processes have taken since they began.
type usage struct {
	// processor time in user and kernel mode, of all threads.
	processor time.Duration
	// written is what the kernel has to write to the disk: whole pages, each as often as it became dirty.
	written int64
}

func (u usage) since(earlier usage) usage {
	return usage{u.processor - earlier.processor, u.written - earlier.written}
}

func parseProcesses(list string) (processes, error) {
	var result processes
	if list == "" {
		return nil, nil
	}
	for _, text := range strings.Split(list, ",") {
		id, err := strconv.Atoi(text)
		if err != nil || id <= 0 {
			return nil, fmt.Errorf("%q is not the id of a process", text)
		}
		result = append(result, id)
	}
	return result, nil
}

func (p processes) usage() (usage, error) {
	var sum usage
	for _, id := range p {
		processor, err := processorTime(id)
		if err != nil {
			return usage{}, err
		}
		written, err := writtenBytes(id)
		if err != nil {
			return usage{}, err
		}
		sum.processor += processor
		sum.written += written
	}
	return sum, nil
}

// processorTime reads a process's own clock, which is what utime and stime of /proc add up to, in nanoseconds and not
// in hundredths of a second. Its number is that of clock_getcpuclockid(3).
func processorTime(id int) (time.Duration, error) {
	const scheduled = 2
	var clock unix.Timespec
	if err := unix.ClockGettime(int32(^id<<3|scheduled), &clock); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", id, err)
	}
	return time.Duration(clock.Nano()), nil
}

func writtenBytes(id int) (int64, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/io", id))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ": "); name == "write_bytes" {
			return strconv.ParseInt(value, 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no write_bytes", file.Name())
}
