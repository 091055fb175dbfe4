package main

import (
	"encoding/binary"
	"errors"

	"google.golang.org/grpc/encoding"
)

// wireMessage is a protobuf message coded by hand, so that no plug-in of protoc is needed, and so that the figures are
// those of gRPC and not of a protobuf library.
type wireMessage interface {
	marshal() []byte
	unmarshal([]byte) error
}

// codec takes the place of grpc-go's own codec for protobuf.
type codec struct{}

func init() { encoding.RegisterCodec(codec{}) }

func (codec) Name() string { return "proto" }

func (codec) Marshal(v interface{}) ([]byte, error) { return v.(wireMessage).marshal(), nil }

func (codec) Unmarshal(data []byte, v interface{}) error { return v.(wireMessage).unmarshal(data) }

// payload is a message of one field: `bytes payload = 1`.
type payload []byte

func (p payload) marshal() []byte { return appendField(make([]byte, 0, fieldSize(p)), 1, p) }

// unmarshal takes a slice of data, which grpc-go has made for this message alone.
func (p *payload) unmarshal(data []byte) error {
	if len(data) == 0 {
		*p = nil
		return nil
	}
	length, size := binary.Uvarint(data[1:])
	if data[0] != 1<<3|2 || size <= 0 || length != uint64(len(data)-1-size) {
		return errors.New("not a message of one field of bytes")
	}
	*p = data[1+size:]
	return nil
}

// encoded is a request that was marshalled once and is sent again and again.
type encoded []byte

func (e encoded) marshal() []byte { return e }

func (encoded) unmarshal([]byte) error { return errors.New("a request is not received") }

// ignored is an answer of which only the status counts.
type ignored struct{}

func (ignored) marshal() []byte { return nil }

func (ignored) unmarshal([]byte) error { return nil }

func fieldSize(value []byte) int { return 1 + binary.MaxVarintLen32 + len(value) }

func appendField(data []byte, number byte, value []byte) []byte {
	var length [binary.MaxVarintLen64]byte
	data = append(data, number<<3|2)
	data = append(data, length[:binary.PutUvarint(length[:], uint64(len(value)))]...)
	return append(data, value...)
}

// eachField visits the fields of a message: varints with their value, strings, bytes and messages with their bytes.
// What has a fixed length is left out, for no message read here has such a field.
func eachField(data []byte, visit func(number int, value uint64, bytes []byte) error) error {
	for len(data) > 0 {
		key, size := binary.Uvarint(data)
		if size <= 0 {
			return errTruncated
		}
		data = data[size:]
		value, size := binary.Uvarint(data)
		if size <= 0 {
			return errTruncated
		}
		data = data[size:]
		var bytes []byte
		switch key & 7 {
		case 0:
		case 2:
			if value > uint64(len(data)) {
				return errTruncated
			}
			bytes, data = data[:value], data[value:]
		default:
			return errors.New("a field of a type that is not read here")
		}
		if err := visit(int(key>>3), value, bytes); err != nil {
			return err
		}
	}
	return nil
}

var errTruncated = errors.New("a message ends in the middle of a field")
