package main

import (
	"encoding/binary"
	"errors"

	"google.golang.org/grpc/encoding"
)

// message is a protobuf message coded by hand: no plug-in of protoc is needed, and no code is shared with the server's.
type message interface {
	marshal() []byte
	unmarshal([]byte) error
}

// codec takes the place of grpc-go's own codec for protobuf.
type codec struct{}

func init() { encoding.RegisterCodec(codec{}) }

func (codec) Name() string { return "proto" }

func (codec) Marshal(v interface{}) ([]byte, error) { return v.(message).marshal(), nil }

func (codec) Unmarshal(data []byte, v interface{}) error { return v.(message).unmarshal(data) }

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

var errMalformed = errors.New("malformed protobuf message")

// appendVarint adds a field of a number; proto3 leaves out zeros.
func appendVarint(data []byte, field int, value uint64) []byte {
	if value == 0 {
		return data
	}
	data = appendUvarint(data, uint64(field)<<3|wireVarint)
	return appendUvarint(data, value)
}

// appendBytes adds a field of bytes or of a message, even if it is empty.
func appendBytes(data []byte, field int, value []byte) []byte {
	data = appendUvarint(data, uint64(field)<<3|wireBytes)
	data = appendUvarint(data, uint64(len(value)))
	return append(data, value...)
}

func appendUvarint(data []byte, value uint64) []byte {
	var encoded [binary.MaxVarintLen64]byte
	return append(data, encoded[:binary.PutUvarint(encoded[:], value)]...)
}

// field is one field of a message: a number or bytes, as its type says. Fields of fixed size are passed over.
type field struct {
	number int
	value  uint64
	bytes  []byte
}

// eachField calls visit for each field in turn. The bytes are slices of data.
func eachField(data []byte, visit func(field) error) error {
	for len(data) > 0 {
		key, size := binary.Uvarint(data)
		if size <= 0 {
			return errMalformed
		}
		data = data[size:]
		number := int(key >> 3)
		switch key & 7 {
		case wireVarint:
			value, size := binary.Uvarint(data)
			if size <= 0 {
				return errMalformed
			}
			data = data[size:]
			if err := visit(field{number: number, value: value}); err != nil {
				return err
			}
		case wireBytes:
			length, size := binary.Uvarint(data)
			if size <= 0 || length > uint64(len(data)-size) {
				return errMalformed
			}
			end := size + int(length)
			if err := visit(field{number: number, bytes: data[size:end]}); err != nil {
				return err
			}
			data = data[end:]
		case wireFixed64, wireFixed32:
			width := 8
			if key&7 == wireFixed32 {
				width = 4
			}
			if len(data) < width {
				return errMalformed
			}
			data = data[width:]
		default:
			return errMalformed
		}
	}
	return nil
}
