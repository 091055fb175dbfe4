package main

import "errors"

// The messages of log.v1 as Proto/log/v1/log.proto has them. Requests are only written, answers only read.

var errOneWay = errors.New("a request is not received")

type request struct{}

func (request) unmarshal([]byte) error { return errOneWay }

type answer struct{}

func (answer) marshal() []byte { return nil }

// record is what a replica has at an offset. Its value is a slice of the answer that it came in.
type record struct {
	value  []byte
	offset uint64
	term   uint64
}

func (r *record) unmarshal(data []byte) error {
	return eachField(data, func(field field) error {
		switch field.number {
		case 1:
			r.value = field.bytes
		case 2:
			r.offset = field.value
		case 3:
			r.term = field.value
		}
		return nil
	})
}

// producerStamp is where in its own sequence a producer's request stands.
type producerStamp struct {
	id       uint64
	epoch    uint32
	sequence uint64
}

// produceRequest is one record (`record`), or with a stamp a batch of them (`records`).
type produceRequest struct {
	request
	values [][]byte
	stamp  *producerStamp
}

func (r *produceRequest) marshal() []byte {
	var data []byte
	number := 1
	if r.stamp != nil {
		number = 2
	}
	for _, value := range r.values {
		data = appendBytes(data, number, appendBytes(nil, 1, value))
	}
	if r.stamp != nil {
		var stamp []byte
		stamp = appendVarint(stamp, 1, r.stamp.id)
		stamp = appendVarint(stamp, 2, uint64(r.stamp.epoch))
		stamp = appendVarint(stamp, 3, r.stamp.sequence)
		data = appendBytes(data, 4, stamp)
	}
	return data
}

// encodedRequest is a request that is sent several times.
type encodedRequest struct {
	request
	data []byte
}

func (r *encodedRequest) marshal() []byte { return r.data }

type produceResponse struct {
	answer
	offset      uint64
	count       uint64
	isDuplicate bool
}

func (r *produceResponse) unmarshal(data []byte) error {
	return eachField(data, func(field field) error {
		switch field.number {
		case 1:
			r.offset = field.value
		case 2:
			r.count = field.value
		case 4:
			r.isDuplicate = field.value != 0
		}
		return nil
	})
}

type consumeRequest struct {
	request
	offset   uint64
	maxBytes uint64
}

func (r *consumeRequest) marshal() []byte {
	return appendVarint(appendVarint(nil, 1, r.offset), 3, r.maxBytes)
}

// consumeResponse has one record in the answer to an offset alone, and any number in the answer to limits.
type consumeResponse struct {
	answer
	records    []record
	nextOffset uint64
	endOffset  uint64
}

func (r *consumeResponse) unmarshal(data []byte) error {
	return eachField(data, func(field field) error {
		switch field.number {
		case 2, 3:
			r.records = append(r.records, record{})
			return r.records[len(r.records)-1].unmarshal(field.bytes)
		case 5:
			r.nextOffset = field.value
		case 6:
			r.endOffset = field.value
		}
		return nil
	})
}

// findLatestRequest is a FindOffsetRequest for the place behind the newest record.
type findLatestRequest struct{ request }

func (*findLatestRequest) marshal() []byte { return appendVarint(nil, 3, 1) }

type findOffsetResponse struct {
	answer
	offset uint64
	start  uint64
	end    uint64
}

func (r *findOffsetResponse) unmarshal(data []byte) error {
	return eachField(data, func(field field) error {
		switch field.number {
		case 1:
			r.offset = field.value
		case 2:
			r.start = field.value
		case 3:
			r.end = field.value
		}
		return nil
	})
}
