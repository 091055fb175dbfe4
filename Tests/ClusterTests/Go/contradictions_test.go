package main

import (
	"flag"
	"fmt"
	"math/rand"
	"sort"
	"testing"
)

var histories = flag.Int("histories", 30_000, "random histories to compare the checker with the search on")

func appended(value string, offset uint64, invoked, returned nanoseconds) *operation {
	return &operation{
		Kind: operationAppend, Outcome: outcomeOK, Value: value, Offset: offset, Invoked: invoked, Returned: returned,
	}
}

func inDoubt(value string, invoked nanoseconds) *operation {
	return &operation{Kind: operationAppend, Outcome: outcomeInDoubt, Value: value, Invoked: invoked, Returned: invoked}
}

func refused(value string, invoked, returned nanoseconds) *operation {
	return &operation{Kind: operationAppend, Outcome: outcomeRefused, Value: value, Invoked: invoked, Returned: returned}
}

func read(offset uint64, value string, invoked, returned nanoseconds) *operation {
	return &operation{
		Kind: operationRead, Outcome: outcomeOK, Value: value, Offset: offset, Invoked: invoked, Returned: returned,
	}
}

func beyond(offset, end uint64, invoked, returned nanoseconds) *operation {
	return &operation{
		Kind: operationRead, Outcome: outcomeEnd, Offset: offset, End: end, Invoked: invoked, Returned: returned,
	}
}

func latest(end uint64, invoked, returned nanoseconds) *operation {
	return &operation{Kind: operationLatest, Outcome: outcomeEnd, End: end, Invoked: invoked, Returned: returned}
}

func found(base uint64, operations ...*operation) (what []string) {
	findContradictions(&history{base, operations}, func(violation violation) { what = append(what, violation.What) })
	return what
}

// What each history of a few calls is found to be, by both ways.
func TestHistories(t *testing.T) {
	cases := []struct {
		name       string
		base       uint64
		operations []*operation
		want       string
	}{
		{"nothing", 0, nil, ""},
		{"one after the other", 0,
			[]*operation{appended("a", 0, 1, 2), latest(1, 3, 4), read(0, "a", 5, 6), beyond(1, 1, 7, 8)}, ""},
		{"a log that had records before", 7,
			[]*operation{latest(7, 1, 2), appended("a", 7, 1, 2), read(7, "a", 3, 4)}, ""},
		{"concurrent appends in either order", 0, []*operation{appended("a", 1, 1, 5), appended("b", 0, 2, 4)}, ""},
		{"calls that touch are concurrent", 0, []*operation{appended("a", 1, 1, 2), appended("b", 0, 2, 3)}, ""},
		{"appends against their order in time", 0, []*operation{appended("a", 1, 1, 2), appended("b", 0, 3, 4)}, "order"},
		{"two appends at one offset", 0,
			[]*operation{appended("a", 0, 1, 2), appended("b", 0, 3, 4)}, "one offset twice"},
		{"an offset that nobody got", 0, []*operation{appended("a", 1, 1, 2)}, "hole"},
		{"an end that nobody made", 0, []*operation{latest(1, 1, 2)}, "hole"},
		{"stale: latest after an acknowledgement", 0,
			[]*operation{appended("a", 0, 1, 2), latest(0, 3, 4)}, "stale read"},
		{"stale: refused after an acknowledgement", 0,
			[]*operation{appended("a", 0, 1, 2), beyond(0, 0, 3, 4)}, "stale read"},
		{"not stale: under way together", 0, []*operation{appended("a", 0, 1, 3), latest(0, 2, 4)}, ""},
		{"stale: after another was told more", 0,
			[]*operation{appended("a", 0, 1, 9), latest(1, 2, 3), latest(0, 4, 5)}, "stale read"},
		{"stale: after another has read it", 0,
			[]*operation{appended("a", 0, 1, 9), read(0, "a", 2, 3), beyond(0, 0, 4, 5)}, "stale read"},
		{"not stale: two reads under way together", 0,
			[]*operation{appended("a", 0, 1, 9), latest(1, 2, 4), latest(0, 3, 5)}, ""},
		{"stale: what was in doubt was read before", 0,
			[]*operation{inDoubt("a", 1), read(0, "a", 2, 3), latest(0, 4, 5)}, "stale read"},
		{"read before it was written", 0,
			[]*operation{read(0, "a", 1, 2), appended("a", 0, 3, 4)}, "read from the future"},
		{"read before what is before it was written", 0,
			[]*operation{appended("b", 1, 1, 9), read(1, "b", 2, 3), appended("a", 0, 4, 5)}, "read from the future"},
		{"an end told before it was reached", 0,
			[]*operation{latest(1, 1, 2), appended("a", 0, 3, 4)}, "read from the future"},
		{"another value at the offset", 0,
			[]*operation{appended("a", 0, 1, 2), appended("b", 1, 3, 4), read(0, "b", 5, 6)}, "one append twice"},
		{"a value that nobody wrote", 0, []*operation{appended("a", 0, 1, 2), read(0, "b", 3, 4)}, "value of nobody"},
		{"a value that was refused", 0, []*operation{refused("a", 1, 2), read(0, "a", 3, 4)}, "refused and there"},
		{"a refusal has no effect", 0, []*operation{refused("a", 1, 2), appended("b", 0, 3, 4), latest(1, 5, 6)}, ""},
		{"refused to read what it says it has", 0,
			[]*operation{appended("a", 0, 1, 2), beyond(0, 1, 3, 4)}, "refused to read"},
		{"an end before the beginning", 2, []*operation{latest(1, 1, 2)}, "before the beginning"},
		{"in doubt and not there", 0, []*operation{inDoubt("a", 1), latest(0, 2, 3), appended("b", 0, 4, 5)}, ""},
		{"in doubt and there at last", 0, []*operation{inDoubt("a", 1), latest(0, 2, 3), read(0, "a", 4, 5)}, ""},
		{"in doubt fills a hole", 0, []*operation{inDoubt("a", 1), appended("b", 1, 2, 3)}, ""},
		{"in doubt comes too late for a hole", 0, []*operation{appended("b", 1, 1, 2), inDoubt("a", 3)}, "hole"},
		{"in doubt fills a hole that only an end shows", 0, []*operation{inDoubt("a", 1), latest(1, 2, 3)}, ""},
		{"one in doubt for two holes", 0, []*operation{inDoubt("a", 1), latest(2, 2, 3)}, "hole"},
		{"two in doubt for two holes, the later for the later", 0,
			[]*operation{inDoubt("a", 1), inDoubt("b", 4), latest(1, 2, 3), latest(2, 5, 6)}, ""},
		{"two in doubt for two holes, both too late for the first", 0,
			[]*operation{inDoubt("a", 4), inDoubt("b", 4), latest(1, 2, 3), latest(2, 5, 6)}, "hole"},
		{"in doubt at two offsets", 0,
			[]*operation{inDoubt("a", 1), read(0, "a", 2, 3), read(1, "a", 4, 5)}, "one append twice"},
		{"in doubt where another was acknowledged", 0,
			[]*operation{inDoubt("a", 1), appended("b", 0, 2, 3), read(0, "a", 4, 5)}, "one offset twice"},
	}
	for _, c := range cases {
		what := found(c.base, c.operations...)
		if c.want == "" && len(what) > 0 || c.want != "" && (len(what) == 0 || what[0] != c.want) {
			t.Errorf("%s: found %q, not %q", c.name, what, c.want)
		}
		if isLinearizable(&history{c.base, c.operations}) != (c.want == "") {
			t.Errorf("%s: the search decides otherwise", c.name)
		}
	}
}

// randomHistory is one that a log can have had: calls with intervals in a short time, so that many overlap, each with a
// moment in it.
func randomHistory(random *rand.Rand, calls int) *history {
	type moment struct {
		at        float64
		operation *operation
	}
	var moments []moment
	made := &history{base: uint64(random.Intn(3))}
	span := 1 + random.Intn(3*calls)
	for number := 0; number < calls; number++ {
		operation := &operation{Client: number, Invoked: nanoseconds(1 + random.Intn(span))}
		operation.Returned = operation.Invoked + nanoseconds(random.Intn(1+span/2))
		length := float64(operation.Returned - operation.Invoked)
		at := float64(operation.Invoked) + random.Float64()*length
		switch random.Intn(4) {
		case 0, 1:
			operation.Kind, operation.Outcome, operation.Value = operationAppend, outcomeOK, fmt.Sprint("v", number)
			switch random.Intn(5) {
			case 0: // It takes effect some time, or not at all.
				operation.Outcome = outcomeInDoubt
				at = float64(operation.Invoked) + random.Float64()*float64(2*span)
			case 1:
				operation.Outcome = outcomeRefused
			}
		case 2:
			operation.Kind = operationRead
		default:
			operation.Kind, operation.Outcome = operationLatest, outcomeEnd
		}
		made.operations = append(made.operations, operation)
		if operation.Outcome != outcomeInDoubt || random.Intn(2) == 0 {
			moments = append(moments, moment{at, operation})
		}
	}
	sort.SliceStable(moments, func(i, j int) bool { return moments[i].at < moments[j].at })
	var log []string
	for _, moment := range moments {
		log = carryOut(random, made.base, log, moment.operation)
	}
	return made
}

// carryOut fills in what a log answers.
func carryOut(random *rand.Rand, base uint64, log []string, operation *operation) []string {
	end := base + uint64(len(log))
	switch {
	case operation.Outcome == outcomeRefused:
	case operation.Outcome == outcomeInDoubt:
		return append(log, operation.Value)
	case operation.Kind == operationAppend:
		operation.Offset = end
		return append(log, operation.Value)
	case operation.Kind == operationLatest:
		operation.End = end
	default:
		operation.Offset = base + uint64(random.Intn(len(log)+2))
		operation.Outcome, operation.End = outcomeEnd, end
		if operation.Offset < end {
			operation.Outcome, operation.End, operation.Value = outcomeOK, 0, log[operation.Offset-base]
		}
	}
	return log
}

// corrupt changes one thing about a history, which may make it wrong.
func corrupt(random *rand.Rand, history *history) {
	operation := history.operations[random.Intn(len(history.operations))]
	other := history.operations[random.Intn(len(history.operations))]
	shift := nanoseconds(random.Intn(7) - 3)
	switch random.Intn(5) {
	case 0:
		operation.Invoked += shift
		operation.Returned += shift
	case 1:
		operation.Offset, other.Offset = other.Offset, operation.Offset
	case 2:
		if operation.tellsEnd() {
			operation.End += uint64(random.Intn(3))
			operation.End -= uint64(random.Intn(2)) & operation.End
		}
	case 3:
		if operation.Kind == operationRead && operation.Outcome == outcomeOK {
			operation.Value = other.Value
		}
	default:
		if operation.Kind == operationAppend {
			operation.Outcome = []string{outcomeOK, outcomeInDoubt, outcomeRefused}[random.Intn(3)]
		}
	}
}

// The conditions on the chain decide as the search does, on histories of one log and on such that were corrupted.
func TestConditionsAreNecessaryAndSufficient(t *testing.T) {
	seed := int64(randomID())
	random := rand.New(rand.NewSource(seed))
	verdicts := map[bool]int{}
	for number := 0; number < *histories; number++ {
		made := randomHistory(random, 1+random.Intn(9))
		if what := found(made.base, made.operations...); len(what) > 0 {
			t.Fatalf("seed %d, history %d is one of a log, and found to be: %q\n%s", seed, number, what, list(made))
		}
		for corruptions := random.Intn(3); corruptions >= 0; corruptions-- {
			corrupt(random, made)
		}
		what := found(made.base, made.operations...)
		verdict := isLinearizable(made)
		verdicts[verdict]++
		if verdict != (len(what) == 0) {
			t.Fatalf("seed %d, history %d: the search says %v, and found was %q\n%s", seed, number, verdict, what, list(made))
		}
	}
	t.Logf("%d histories: linearizable or not: %v", *histories, verdicts)
	if verdicts[true] < *histories/10 || verdicts[false] < *histories/10 {
		t.Errorf("one verdict is too rare for the test to tell anything: %v", verdicts)
	}
}

func list(history *history) (text string) {
	for _, operation := range history.operations {
		text += fmt.Sprintf("%+v\n", *operation)
	}
	return fmt.Sprintf("base %d\n%s", history.base, text)
}

// largeHistory is one of many clients over a long time.
func largeHistory(calls int) *history {
	random := rand.New(rand.NewSource(1))
	large := &history{}
	for number := 0; number < calls; number++ {
		at := nanoseconds(10 * number)
		end := uint64(number / 2)
		switch number % 2 {
		case 0:
			large.operations = append(large.operations, appended(fmt.Sprint(number), end, at, at+nanoseconds(random.Intn(50))))
		default:
			large.operations = append(large.operations, latest(end+1, at, at+nanoseconds(random.Intn(50))))
		}
	}
	return large
}

// One stale read among a hundred thousand calls is found, and nothing else.
func TestPlantedStaleReadIsFound(t *testing.T) {
	large := largeHistory(100_000)
	if what := found(0, large.operations...); len(what) > 0 {
		t.Fatalf("the history is sound, and found to be: %q", what)
	}
	planted := large.operations[70_001]
	planted.Kind, planted.Outcome, planted.Offset = operationRead, outcomeEnd, planted.End
	planted.End -= 10
	var all []violation
	findContradictions(large, func(violation violation) { all = append(all, violation) })
	if len(all) != 1 || all[0].What != "stale read" || all[0].Operations[1] != planted {
		t.Fatalf("found: %+v", all)
	}
}

func BenchmarkMillionCalls(b *testing.B) {
	large := largeHistory(1_000_000)
	b.ResetTimer()
	for round := 0; round < b.N; round++ {
		findContradictions(large, func(violation violation) { b.Fatal(violation) })
	}
}
