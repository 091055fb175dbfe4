package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// report writes lines of JSON, from any number of goroutines.
type report struct {
	mutex  sync.Mutex
	output io.Writer
}

func newReport(output io.Writer) *report { return &report{output: output} }

func (r *report) write(line interface{}) {
	encoded, err := json.Marshal(line)
	if err != nil {
		panic("a line of the report cannot be encoded: " + err.Error())
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	// Who reads the report may have gone; the exit status still says how it ended.
	if _, err := r.output.Write(append(encoded, '\n')); err != nil {
		fmt.Fprintln(os.Stderr, "cluster-client: the report cannot be written:", err)
	}
}
