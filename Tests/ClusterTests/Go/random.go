package main

import (
	"crypto/rand"
	"encoding/binary"
)

// randomID is a number that no other process has, and that is not 0. math/rand of this Go begins with the same seed
// each time.
func randomID() uint64 {
	var bytes [8]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		panic("no random numbers: " + err.Error())
	}
	// JSON readers that know signed numbers only can read it, too.
	return binary.LittleEndian.Uint64(bytes[:])>>1 | 1
}
