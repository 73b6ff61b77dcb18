// How much of a machine's time went to others, and whether its cores are idle.

package run

import (
	"maps"
	"testing"
	"time"
)

const procStat = `cpu  30 0 30 600 0 0 0 30 0 0
cpu0 10 1 12 100 5 2 3 7 0 0
cpu1 20 0 18 500 0 0 0 23 0 0
cpu10 1 1 1 1 1 1 1 1 0 0
intr 5 6 7
ctxt 9
`

func TestCoreTimesAreRead(t *testing.T) {
	got := parseCoreTimes([]byte(procStat), []int{0, 10})
	want := map[int]coreTime{0: {busy: 28, idle: 105, stolen: 7}, 10: {busy: 5, idle: 2, stolen: 1}}
	if !maps.Equal(got, want) {
		t.Errorf("core times %v, want %v", got, want)
	}
	if real := coreTimes(cores()); len(real) != len(cores()) {
		t.Errorf("of %d cores %d were read", len(cores()), len(real))
	}
}

func TestCoresMustBeIdle(t *testing.T) {
	from := map[int]coreTime{0: {10, 10, 0}, 1: {50, 10, 4}}
	for _, test := range []struct {
		name string
		to   map[int]coreTime
		want bool
	}{
		{"both idle", map[int]coreTime{0: {10, 13, 0}, 1: {50, 13, 4}}, true},
		{"one tick", map[int]coreTime{0: {11, 12, 0}, 1: {50, 13, 4}}, true},
		{"two ticks", map[int]coreTime{0: {10, 13, 0}, 1: {52, 13, 4}}, false},
		{"never idle", map[int]coreTime{0: {11, 10, 0}, 1: {50, 13, 4}}, false},
		{"stolen", map[int]coreTime{0: {10, 13, 0}, 1: {51, 13, 5}}, false},
	} {
		if got := idle(from, test.to); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestOthersAreWhatIsNotOurs(t *testing.T) {
	from := map[int]coreTime{0: {10, 10, 0}, 1: {50, 10, 4}}
	to := map[int]coreTime{0: {30, 10, 0}, 1: {60, 18, 6}} // 20 and 10 busy, 8 idle, 2 stolen
	for _, test := range []struct {
		ours int64
		want others
		much bool
	}{{30, others{0, 2, 40}, false}, {29, others{1, 2, 40}, false}, {28, others{2, 2, 40}, true}, {35, others{0, 2, 40}, false}} {
		got := between(from, to, test.ours)
		if got != test.want || got.disturbed() != test.much {
			t.Errorf("with %d ticks of ours: %+v, disturbed %v", test.ours, got, got.disturbed())
		}
	}
}

func TestTypicalSpin(t *testing.T) {
	var spins []time.Duration
	for i := range 20 {
		spins = append(spins, time.Duration(120-i))
	}
	if got := typical(spins, 5); got != 103 {
		t.Errorf("typical = %d, want the third of twenty", got)
	}
	if got := typical(nil, 5); got != 5 {
		t.Errorf("typical of none = %d", got)
	}
}

func TestSpinsAreKeptWithinBounds(t *testing.T) {
	n := watch(cores())
	defer n.close()
	for range spinsKept {
		n.spinAll()
	}
	for i := range n.cores {
		if len(n.spins[i]) != spinsKept || n.spins[i][0] <= 0 {
			t.Errorf("core %d: %d spins, the first %v", n.cores[i], len(n.spins[i]), n.spins[i][0])
		}
	}
}
