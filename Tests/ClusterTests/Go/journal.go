package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// journal is a file of JSON lines that several goroutines write.
type journal struct {
	mutex  sync.Mutex
	file   *os.File
	buffer *bufio.Writer
	failed error
}

func createJournal(path string) (*journal, error) {
	if path == "" {
		return nil, errors.New("--history is missing")
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &journal{file: file, buffer: bufio.NewWriterSize(file, 256<<10)}, nil
}

func (j *journal) write(line interface{}) {
	encoded, err := json.Marshal(line)
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if err == nil {
		_, err = j.buffer.Write(append(encoded, '\n'))
	}
	if j.failed == nil {
		j.failed = err
	}
}

// close gives the first error there was: a history with a hole proves nothing.
func (j *journal) close() error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if err := j.buffer.Flush(); j.failed == nil {
		j.failed = err
	}
	if err := j.file.Close(); j.failed == nil {
		j.failed = err
	}
	return j.failed
}

// readJournal calls visit with a decoder of each line.
func readJournal(path string, visit func(decode func(interface{}) error) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 256<<10)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s:%d: the last line is cut off: %w", path, number, err)
		}
		if err := visit(func(into interface{}) error { return json.Unmarshal(line, into) }); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
}
