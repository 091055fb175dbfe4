package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
)

// fingerprint stands for everything that a replica says of a record but its offset.
type fingerprint uint64

func fingerprintOf(record record) fingerprint {
	hash := sha256.New()
	var term [8]byte
	binary.LittleEndian.PutUint64(term[:], record.term)
	hash.Write(term[:])
	hash.Write(record.value)
	var digest [sha256.Size]byte
	return fingerprint(binary.LittleEndian.Uint64(hash.Sum(digest[:0])))
}

// fingerprints are those of a log from offset 0 on.
type fingerprints []fingerprint

// digest stands for all of them and their order.
func (f fingerprints) digest() string {
	sum := sha256.Sum256(f.encode())
	return hex.EncodeToString(sum[:16])
}

// firstDifference is the first offset at which two logs differ, as far as both go; -1 if they do not.
func (f fingerprints) firstDifference(other fingerprints) int {
	for offset := 0; offset < len(f) && offset < len(other); offset++ {
		if f[offset] != other[offset] {
			return offset
		}
	}
	return -1
}

func (f fingerprints) encode() []byte {
	data := make([]byte, 8*len(f))
	for offset, value := range f {
		binary.LittleEndian.PutUint64(data[8*offset:], uint64(value))
	}
	return data
}

func (f fingerprints) save(path string) error { return os.WriteFile(path, f.encode(), 0o666) }

func loadFingerprints(path string) (fingerprints, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data)%8 != 0 {
		return nil, fmt.Errorf("%s: %d bytes are no fingerprints", path, len(data))
	}
	loaded := make(fingerprints, len(data)/8)
	for offset := range loaded {
		loaded[offset] = fingerprint(binary.LittleEndian.Uint64(data[8*offset:]))
	}
	return loaded, nil
}
