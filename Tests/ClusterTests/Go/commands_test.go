package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// outcome is how the program ended, and what it printed.
type outcome struct {
	status int
	lines  []map[string]interface{}
	text   string
}

func runProgram(ctx context.Context, t *testing.T, arguments ...string) outcome {
	var output, diagnostics bytes.Buffer
	ended := outcome{status: run(ctx, arguments, &output, &diagnostics)}
	ended.text = output.String() + diagnostics.String()
	for _, text := range strings.Split(strings.TrimSpace(output.String()), "\n") {
		line := map[string]interface{}{}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v printed %q", arguments, ended.text)
		}
		ended.lines = append(ended.lines, line)
	}
	return ended
}

func (o outcome) totals() map[string]interface{} { return o.lines[len(o.lines)-1] }

// violations is the kinds of promises that are said to be broken.
func (o outcome) violations() (kinds string) {
	for _, line := range o.lines {
		if kind, ok := line["what"].(string); ok && !strings.Contains(kinds, kind) {
			kinds += kind + ";"
		}
	}
	return kinds
}

// load produces until it is enough and returns how that ended, with the history's path. It knows one node: the others it learns
// of by the hints at the leader.
func (c *fakeCluster) load(t *testing.T, flags ...string) (outcome, string) {
	history := filepath.Join(t.TempDir(), "history")
	arguments := []string{
		"produce", "--addrs", c.nodes[0].address, "--history", history, "--batch-records", "3",
		"--value-bytes", "40", "--progress-interval", "50ms", "--batch-timeout", "20s",
	}
	return runProgram(c.busy, t, append(arguments, flags...)...), history
}

func TestEverythingIsKeptThroughWhatAClusterMayDo(t *testing.T) {
	cluster := newFakeCluster(t, fakeFaults{unavailable: 20, leaderMoves: 50})
	seen := filepath.Join(t.TempDir(), "seen")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	consumed := make(chan outcome)
	go func() {
		consumed <- runProgram(ctx, t,
			"consume", "--addrs", cluster.addresses(), "--seen", seen, "--progress-interval", "20ms")
	}()
	produced, history := cluster.load(t)
	totals := produced.totals()
	records, duplicates := totals["acknowledged_records"].(float64), totals["duplicate_batches"].(float64)
	if produced.status != exitKept || records == 0 || duplicates == 0 {
		t.Fatalf("produce: %d %s", produced.status, produced.text)
	}
	retries := totals["retries_by_kind"].(map[string]interface{})
	for _, kind := range []string{"UNAVAILABLE", reasonNotLeader} {
		if retries[kind] == nil {
			t.Errorf("no retry because of %s: %v", kind, retries)
		}
	}
	verified := runProgram(context.Background(), t, "verify", "--addrs", cluster.addresses(), "--history", history)
	if verified.status != exitKept || verified.totals()["end_offset"] != totals["acknowledged_records"] {
		t.Errorf("verify: %d %s", verified.status, verified.text)
	}
	stop()
	if ended := <-consumed; ended.status != exitKept || ended.totals()["records"].(float64) == 0 {
		t.Errorf("consume: %d %s", ended.status, ended.text)
	}
	again := runProgram(
		context.Background(), t, "verify", "--addrs", cluster.addresses(), "--history", history, "--seen", seen)
	if again.status != exitKept {
		t.Errorf("verify what was seen: %d %s", again.status, again.text)
	}
}

func TestBrokenPromisesAreFound(t *testing.T) {
	cases := []struct {
		name     string
		faults   fakeFaults
		inflight string
		// How produce ends, and what verify finds.
		status int
		found  string
	}{
		{"retries appended again", fakeFaults{unavailable: 10, forgetsProducers: true}, "5", exitKept, "doubled"},
		{"a batch acknowledged and not there", fakeFaults{loses: 30}, "5", exitKept, "lost"},
		// Else a batch of the same producer may follow, and what is missing shows as a gap.
		{"a batch there in part", fakeFaults{tears: 30}, "1", exitBroken, "torn"},
		{"a replica that has something else", fakeFaults{diverges: 20}, "5", exitKept, "replicas differ"},
		{"a replica that does not get to the end", fakeFaults{stops: 30}, "5", exitKept, "behind"},
	}
	for _, c := range cases {
		c := c
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cluster := newFakeCluster(t, c.faults)
			produced, history := cluster.load(t, "--inflight", c.inflight)
			if produced.status != c.status {
				t.Errorf("produce: %d %s", produced.status, produced.text)
			}
			verified := runProgram(context.Background(), t,
				"verify", "--addrs", cluster.addresses(), "--history", history, "--timeout", "1s")
			if verified.status != exitBroken || !strings.Contains(verified.violations(), c.found) {
				t.Errorf("verify: %d %s", verified.status, verified.violations())
			}
		})
	}
}

func TestWhatCannotBeReachedInTimeIsAFailedCall(t *testing.T) {
	cluster := newFakeCluster(t, fakeFaults{unavailable: 1})
	produced, history := cluster.load(t, "--batch-timeout", "100ms", "--duration", "300ms")
	if produced.status != exitBroken || produced.totals()["failed_calls"].(float64) == 0 {
		t.Errorf("produce: %d %s", produced.status, produced.text)
	}
	cluster.mutex.Lock()
	cluster.faults = fakeFaults{}
	cluster.mutex.Unlock()
	verified := runProgram(context.Background(), t, "verify", "--addrs", cluster.addresses(), "--history", history)
	if verified.status != exitKept || verified.totals()["acknowledged_batches"].(float64) != 0 {
		t.Errorf("verify: %d %s", verified.status, verified.text)
	}
}

func TestHistoriesOfClustersAreChecked(t *testing.T) {
	cases := []struct {
		name   string
		faults fakeFaults
		status int
		found  string
	}{
		{"what a cluster may do", fakeFaults{unavailable: 20, leaderMoves: 50}, exitKept, ""},
		{"followers that answer by themselves", fakeFaults{lag: 3}, exitBroken, "stale read"},
		{"refused and done", fakeFaults{refusesFalsely: 10}, exitBroken, "refused and there"},
		{"acknowledged and not done", fakeFaults{loses: 30}, exitBroken, "one offset twice"},
	}
	for _, c := range cases {
		c := c
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cluster := newFakeCluster(t, c.faults)
			history := filepath.Join(t.TempDir(), "history")
			written := runProgram(cluster.busy, t, "linearize", "--addrs", cluster.addresses(),
				"--history", history, "--progress-interval", "50ms", "--think", "100us")
			if written.status != exitKept {
				t.Fatalf("linearize: %d %s", written.status, written.text)
			}
			checked := runProgram(context.Background(), t, "check", "--history", history)
			if checked.status != c.status || !strings.Contains(checked.violations(), c.found) {
				t.Errorf("check: %d %s", checked.status, checked.text)
			}
		})
	}
}

func TestWrongFlagsAreExplained(t *testing.T) {
	cases := map[string][]string{
		"there is no command \"prodcue\"":   {"prodcue"},
		"--addrs is missing":                {"verify"},
		"--history is missing":              {"produce", "--addrs", "127.0.0.1:1"},
		"--inflight is 1 to 5":              {"produce", "--addrs", "127.0.0.1:1", "--inflight", "6"},
		"flag provided but not defined":     {"check", "--histroy", "x"},
		"\"x\" is no flag; see cluster-cli": {"check", "x"},
		"no history":                        {"check"},
	}
	for says, arguments := range cases {
		var output, diagnostics bytes.Buffer
		status := run(context.Background(), arguments, &output, &diagnostics)
		if status != exitUnknown || !strings.Contains(diagnostics.String(), says) {
			t.Errorf("%v: %d %q", arguments, status, diagnostics.String())
		}
	}
	for _, command := range commands {
		var output, diagnostics bytes.Buffer
		if status := run(context.Background(), []string{command.name, "--help"}, &output, &diagnostics); status != exitKept {
			t.Errorf("%s --help: %d", command.name, status)
		}
		if !strings.Contains(output.String(), "  --") || diagnostics.Len() > 0 {
			t.Errorf("%s --help: %q %q", command.name, output.String(), diagnostics.String())
		}
	}
}

func TestHistoryThatIsNotWholeIsRefused(t *testing.T) {
	at := now().plus(-time.Second)
	whole := []*batch{
		{Outcome: outcomeAcknowledged, Producer: 1, Sequence: 0, Count: 2, Sent: at, Acknowledged: at},
		{Outcome: outcomeInDoubt, Producer: 1, Sequence: 2, Count: 2, Sent: at},
		{Outcome: outcomeEnded, Producer: 1, Sequence: 4},
	}
	for missing := -1; missing < len(whole); missing++ {
		expected := &expectation{senders: map[uint64]*sender{}}
		for place, line := range whole {
			if place != missing {
				if err := expected.add(line); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := expected.finish(); (err == nil) != (missing == -1) {
			t.Errorf("without line %d: %v", missing, err)
		}
	}
}
