package main

import (
	"strings"
	"testing"
)

// expect builds an expectation of producers 1 and 2: batches of two records, of which those at an offset were
// acknowledged there.
func expect(t *testing.T, lines ...*batch) *expectation {
	expected := &expectation{senders: map[uint64]*sender{}}
	ends := map[uint64]uint64{}
	for _, line := range lines {
		if err := expected.add(line); err != nil {
			t.Fatal(err)
		}
		ends[line.Producer] = line.end()
	}
	for producer, end := range ends {
		expected.add(&batch{Outcome: outcomeEnded, Producer: producer, Sequence: end})
	}
	if err := expected.finish(); err != nil {
		t.Fatal(err)
	}
	return expected
}

func acknowledgedAt(producer, sequence, offset uint64) *batch {
	return &batch{
		Outcome: outcomeAcknowledged, Producer: producer, Sequence: sequence, Count: 2, Offset: offset,
		Sent: 1, Acknowledged: 2,
	}
}

func doubtful(producer, sequence uint64) *batch {
	return &batch{Outcome: outcomeInDoubt, Producer: producer, Sequence: sequence, Count: 2, Sent: 1}
}

// logOf is a log of the records of producers, each named as in "1.0" for producer 1's sequence 0; "x" is nobody's.
func logOf(t *testing.T, names string) (log []record) {
	for offset, name := range strings.Fields(names) {
		value := []byte("nobody's")
		if name != "x" {
			producer, sequence, _ := strings.Cut(name, ".")
			value = newValue(uint64(producer[0]-'0'), uint64(sequence[0]-'0'), 40)
			if strings.HasSuffix(name, "!") {
				value[30] ^= 1
			}
		}
		log = append(log, record{value: value, offset: uint64(offset)})
	}
	return log
}

func TestLogsAgainstHistories(t *testing.T) {
	one, two, three := acknowledgedAt(1, 0, 0), acknowledgedAt(1, 2, 2), acknowledgedAt(2, 0, 4)
	cases := []struct {
		name    string
		batches []*batch
		log     string
		want    string
	}{
		{"all there", []*batch{one, two, three}, "1.0 1.1 1.2 1.3 2.0 2.1", ""},
		{"with records of others between", []*batch{one, acknowledgedAt(1, 2, 3)}, "1.0 1.1 x 1.2 1.3 x", ""},
		{"in doubt and there", []*batch{one, doubtful(1, 2)}, "1.0 1.1 1.2 1.3", ""},
		{"in doubt and not there", []*batch{one, doubtful(1, 2)}, "1.0 1.1", ""},
		{"the end is missing", []*batch{one, two}, "1.0 1.1", "lost"},
		{"the last record is missing", []*batch{one, two}, "1.0 1.1 1.2", "lost torn"},
		{"another's in its place", []*batch{one, two, three}, "1.0 1.1 2.0 2.1 1.2 1.3", "lost lost lost lost"},
		{"nobody's in its place", []*batch{one}, "1.0 x", "lost torn"},
		{"damaged", []*batch{one}, "1.0 1.1!", "lost damaged torn"},
		{"twice", []*batch{one, doubtful(1, 2)}, "1.0 1.1 1.2 1.3 1.2 1.3", "doubled doubled"},
		{"a gap", []*batch{doubtful(1, 0), acknowledgedAt(1, 2, 0)}, "1.2 1.3", "gap"},
		{"in doubt and there in part", []*batch{one, doubtful(1, 2)}, "1.0 1.1 1.2", "torn"},
		{"in doubt and pulled apart", []*batch{one, doubtful(1, 2)}, "1.0 1.1 1.2 x 1.3", "torn"},
		{"nobody sent it", []*batch{one}, "1.0 1.1 1.2", "never sent"},
		{"nobody knows the producer", []*batch{one}, "1.0 1.1 3.0", "unknown producer"},
	}
	for _, c := range cases {
		var what []string
		note := func(violation violation) { what = append(what, violation.What) }
		check := newLogCheck(expect(t, c.batches...), "replica", note)
		for _, record := range logOf(t, c.log) {
			check.take(record)
		}
		check.finish()
		if strings.Join(what, " ") != c.want {
			t.Errorf("%s: found %q, not %q", c.name, what, c.want)
		}
	}
}

func TestOffsetsAreDense(t *testing.T) {
	var what []string
	check := newLogCheck(expect(t), "replica", func(violation violation) { what = append(what, violation.What) })
	log := logOf(t, "x x x")
	for _, place := range []int{0, 2, 1} {
		check.take(log[place])
	}
	if strings.Join(what, ",") != "offsets not dense,offsets not dense" {
		t.Errorf("found %q", what)
	}
}

func TestAcknowledgementsAgainstEachOther(t *testing.T) {
	at := func(batch *batch, sent, acknowledged nanoseconds) *batch {
		batch.Sent, batch.Acknowledged = sent, acknowledged
		return batch
	}
	cases := []struct {
		name    string
		batches []*batch
		want    string
	}{
		{"one after the other", []*batch{at(acknowledgedAt(1, 0, 0), 1, 2), at(acknowledgedAt(2, 0, 2), 3, 4)}, ""},
		{"under way together", []*batch{at(acknowledgedAt(1, 0, 2), 1, 3), at(acknowledgedAt(2, 0, 0), 2, 4)}, ""},
		{"against their order in time",
			[]*batch{at(acknowledgedAt(1, 0, 2), 1, 2), at(acknowledgedAt(2, 0, 0), 3, 4)}, "order"},
		{"at one offset",
			[]*batch{at(acknowledgedAt(1, 0, 0), 1, 4), at(acknowledgedAt(2, 0, 1), 1, 4)}, "acknowledged twice"},
	}
	for _, c := range cases {
		var what []string
		expect(t, c.batches...).checkAcknowledgements(func(violation violation) { what = append(what, violation.What) })
		if strings.Join(what, ",") != c.want {
			t.Errorf("%s: found %q, not %q", c.name, what, c.want)
		}
	}
}
