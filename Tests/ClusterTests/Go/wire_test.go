package main

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The bytes are what protoc --encode makes of Proto/log/v1/log.proto.
func TestRequestsAreEncodedAsProtocDoes(t *testing.T) {
	cases := []struct {
		message message
		want    string
	}{
		{&produceRequest{values: [][]byte{[]byte("a")}}, "0a030a0161"},
		{&produceRequest{values: [][]byte{[]byte("a"), []byte("bc")}, stamp: &producerStamp{id: 300, epoch: 2, sequence: 0}},
			"12030a0161" + "12040a026263" + "220508ac021002"},
		{&produceRequest{values: [][]byte{[]byte("a")}, stamp: &producerStamp{id: 1, sequence: 128}},
			"12030a0161" + "22050801188001"},
		{&consumeRequest{offset: 0}, ""},
		{&consumeRequest{offset: 5, maxBytes: 1 << 20}, "0805" + "18808040"},
		{&findLatestRequest{}, "1801"},
	}
	for _, c := range cases {
		if got := hex.EncodeToString(c.message.marshal()); got != c.want {
			t.Errorf("%+v: %s, not %s", c.message, got, c.want)
		}
	}
}

func TestAnswersAreDecoded(t *testing.T) {
	value := bytes.Repeat([]byte("x"), 300)
	encoded := appendVarint(nil, 1, 7)
	encoded = append(encoded, 9<<3|wireFixed32, 1, 2, 3, 4, 10<<3|wireFixed64, 1, 2, 3, 4, 5, 6, 7, 8)
	encoded = appendBytes(appendVarint(appendVarint(encoded, 2, 3), 4, 1), 20, value)
	var produced produceResponse
	err := produced.unmarshal(encoded)
	if err != nil || produced != (produceResponse{offset: 7, count: 3, isDuplicate: true}) {
		t.Errorf("%+v %v", produced, err)
	}
	encoded = nil
	for offset := uint64(4); offset < 6; offset++ {
		encoded = appendBytes(encoded, 3, encodeRecord(record{value: value, offset: offset, term: 2}))
	}
	encoded = appendVarint(appendVarint(encoded, 5, 6), 6, 9)
	var consumed consumeResponse
	err = consumed.unmarshal(encoded)
	if err != nil || len(consumed.records) != 2 || consumed.nextOffset != 6 || consumed.endOffset != 9 {
		t.Fatalf("%+v %v", consumed, err)
	}
	if last := consumed.records[1]; last.offset != 5 || last.term != 2 || !bytes.Equal(last.value, value) {
		t.Errorf("%+v", last)
	}
	for length := 1; length < len(encoded); length++ {
		new(consumeResponse).unmarshal(encoded[:length]) // no panic, whatever it says
	}
	for _, malformed := range []string{"80", "0880", "1a05ab", "0b", "0d0102", "1affffffffffffffffff01"} {
		data, _ := hex.DecodeString(malformed)
		if err := new(consumeResponse).unmarshal(data); err == nil {
			t.Errorf("%s is no message, and was taken", malformed)
		}
	}
}
