package main

import "testing"

func TestValuesSayWhatTheyAre(t *testing.T) {
	for size := minimumValueBytes; size < 200; size++ {
		value := newValue(1<<63|7, uint64(size), size)
		producer, sequence, isOurs, err := parseValue(value)
		if len(value) != size || producer != 1<<63|7 || sequence != uint64(size) || !isOurs || err != nil {
			t.Fatalf("%d bytes: %d %d %v %v", size, producer, sequence, isOurs, err)
		}
		for place := 4; place < size; place++ {
			value[place] ^= 0x10
			if _, _, isOurs, err := parseValue(value); !isOurs || err == nil {
				t.Fatalf("%d bytes: damage at %d is not noticed", size, place)
			}
			value[place] ^= 0x10
		}
	}
	for _, foreign := range []string{"", "pv1", "a value of some other program's"} {
		if _, _, isOurs, _ := parseValue([]byte(foreign)); isOurs {
			t.Errorf("%q is taken for ours", foreign)
		}
	}
}
