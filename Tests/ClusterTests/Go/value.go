package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A value says by itself which record it is:
//
//	magic 4 | producer 8 | sequence 8 | padding | CRC-32C of all before it 4      little-endian
//
// The padding follows from producer and sequence, and is different in every record, so that bytes of one record in
// another's place show.
const (
	valueMagic        = 0x316c_7670
	valueHeaderBytes  = 20
	minimumValueBytes = valueHeaderBytes + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func newValue(producer, sequence uint64, size int) []byte {
	value := make([]byte, size)
	binary.LittleEndian.PutUint32(value, valueMagic)
	binary.LittleEndian.PutUint64(value[4:], producer)
	binary.LittleEndian.PutUint64(value[12:], sequence)
	pad(value[valueHeaderBytes:size-4], producer^sequence)
	binary.LittleEndian.PutUint32(value[size-4:], crc32.Checksum(value[:size-4], castagnoli))
	return value
}

// pad fills with the output of xorshift64 (Marsaglia 2003).
func pad(padding []byte, seed uint64) {
	state := seed | 1
	for place := range padding {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		padding[place] = byte(state)
	}
}

// parseValue reads whose record a value is. isOurs is false for a value that no producer of this program has made.
func parseValue(value []byte) (producer, sequence uint64, isOurs bool, err error) {
	if len(value) < minimumValueBytes || binary.LittleEndian.Uint32(value) != valueMagic {
		return 0, 0, false, nil
	}
	producer, sequence = binary.LittleEndian.Uint64(value[4:]), binary.LittleEndian.Uint64(value[12:])
	end := len(value) - 4
	says, is := binary.LittleEndian.Uint32(value[end:]), crc32.Checksum(value[:end], castagnoli)
	if says != is {
		return producer, sequence, true, fmt.Errorf("its checksum is %08x and not %08x", says, is)
	}
	return producer, sequence, true, nil
}
