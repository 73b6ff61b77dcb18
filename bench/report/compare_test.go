// What two builds that were compared are said to be: faster, slower or the same.

package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/bench/cases"
)

func TestVerdicts(t *testing.T) {
	around := func(middle, spread float64, n int) (v []float64) {
		for i := range n {
			v = append(v, middle+spread*(float64(i)/float64(n-1)-0.5))
		}
		return v
	}
	for _, test := range []struct {
		name   string
		ratios []float64
		idle   bool
		want   Verdict
	}{
		{"the same", around(1, 0.02, 9), false, Within},
		{"a little worse", around(1.02, 0.01, 9), false, Within},
		{"on both sides of the bound", around(1.03, 0.02, 9), false, Open},
		{"worse", around(1.06, 0.04, 9), false, Worse},
		{"better", around(0.9, 0.04, 9), false, Better},
		{"better or the same", around(0.97, 0.04, 9), false, Within},
		{"worse in one round, which does not count", append(around(1, 0.02, 14), 3), false, Within},
		{"too few", around(1, 0.001, 5), false, Open},
		{"few, of memory", around(1, 0.001, 3), true, Within},
		{"few, of memory, worse", around(1.1, 0.001, 3), true, Worse},
		{"none", nil, true, Open},
	} {
		r := Row{Case: cases.Case{Idle: test.idle}, Cost: test.ratios, Quiet: make([]bool, len(test.ratios))}
		if got := r.Verdict(0.03); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestComparisonIsPrinted(t *testing.T) {
	four := 4.0
	round := func(cpu, rate, idle float64) Round {
		return Round{CPU: cpu, PerSecond: rate, Idle5: idle, Allocations: &four}
	}
	get := Row{Case: cases.Case{ID: "get"}, Server: "spillway"}
	idle := Row{Case: cases.Case{ID: "idle", Idle: true}, Server: "spillway"}
	for range 7 {
		get.Add([]Round{round(3, 100, 0), round(5, 300, 0)}, []Round{round(5, 100, 0), round(5, 140, 0)}, true)
		idle.Add([]Round{round(0, 0, 1300)}, []Round{round(0, 0, 1302)}, false)
	}
	c := Comparison{Rows: []Row{get, idle}, Bound: 0.03, Noise: Noise{Windows: 14, Disturbed: 7, Repeated: 3}, Seconds: 12}
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"get spillway µs of CPU 4.00 5.00 1.250 1.250–1.250 1.250–1.250 7 WORSE 0.600 (0.600–0.600) 4.0 → 4.0",
		"idle spillway bytes a connection 1,300 1,302 1.002 1.002–1.002 1.002–1.002 7 ok – 4.0 → 4.0",
		"worse by more than 3 %: get on spillway 12 s; of 14 rounds 7 were disturbed at every try, and 3 times",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if !c.Worse() || get.Disturbed() != 7 || idle.Disturbed() != 0 {
		t.Errorf("worse: %v; disturbed %d and %d", c.Worse(), get.Disturbed(), idle.Disturbed())
	}
	c.Rows = c.Rows[1:]
	if b.Reset(); c.Worse() || c.Print(&b) != nil || !strings.Contains(b.String(), "nothing is worse by more than 3 %") {
		t.Errorf("worse: %v; printed:\n%s", c.Worse(), &b)
	}
}

func TestDisturbedRoundsDoNotCountWhereThereAreOthers(t *testing.T) {
	r := Row{Case: cases.Case{ID: "get"}}
	for i := range 6 {
		if v := r.Verdict(0.03); v == Worse {
			t.Errorf("after %d quiet rounds: %s", i, v)
		}
		for range 2 {
			r.Add([]Round{{CPU: 1}}, []Round{{CPU: 2}}, true)
		}
		r.Add([]Round{{CPU: 1}}, []Round{{CPU: 1}}, false)
		if i == 4 && r.Verdict(0.03) != Open {
			t.Errorf("five quiet rounds of fifteen: %s", r.Verdict(0.03))
		}
	}
	if v := r.Verdict(0.03); v != Within {
		t.Errorf("six quiet rounds, all the same: %s", v)
	}
}
