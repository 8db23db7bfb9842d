package mediavault

import (
	"crypto/rand"
	"encoding/hex"
)

// newKey draws a UUID of version 4.
func newKey() string {
	var bits [16]byte
	if _, err := rand.Read(bits[:]); err != nil {
		panic("mediavault: the system has no randomness: " + err.Error())
	}
	bits[6] = bits[6]&0x0f | 0x40
	bits[8] = bits[8]&0x3f | 0x80
	text := hex.EncodeToString(bits[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
