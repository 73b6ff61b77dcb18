// Histograms, quantiles and intervals, compared with sorted values.

package stat

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBucketsAreInOrderAndNarrow(t *testing.T) {
	last := -1
	for _, ns := range []int64{0, 1, 63, 64, 65, 127, 128, 129, 130, 1000, 1 << 20, 1<<20 + 1<<14, 1 << 39} {
		b := bucket(ns)
		if b < last {
			t.Errorf("bucket(%d) = %d, after %d", ns, b, last)
		}
		last = b
		if off := math.Abs(float64(middle(b) - ns)); off > float64(ns)/sub+1 {
			t.Errorf("middle(bucket(%d)) = %d", ns, middle(b))
		}
	}
	for i := range buckets {
		if got := bucket(middle(i)); got != i {
			t.Fatalf("bucket(middle(%d)) = %d", i, got)
		}
	}
	if got := bucket(math.MaxInt64); got != buckets-1 {
		t.Errorf("the longest duration is in bucket %d", got)
	}
}

func TestQuantileAgainstSortedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h, a, b Histogram
	var values []int64
	for i := range 20000 {
		ns := int64(math.Exp(r.Float64()*12) * 50)
		values = append(values, ns)
		h.Record(ns)
		if i%3 == 0 {
			a.Record(ns)
		} else {
			b.Record(ns)
		}
	}
	slices.Sort(values)
	a.Add(&b)
	for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		want := values[min(max(int(q*20000+0.5)-1, 0), 19999)]
		got := h.Quantile(q)
		if math.Abs(float64(got-want)) > float64(want)/sub+1 {
			t.Errorf("Quantile(%v) = %d, sorted values say %d", q, got, want)
		}
		if sum := a.Quantile(q); sum != got {
			t.Errorf("Quantile(%v) of the sum = %d, want %d", q, sum, got)
		}
	}
	if h.N() != 20000 || h.Max() != values[19999] {
		t.Errorf("N = %d, Max = %d", h.N(), h.Max())
	}
}

func TestHistogramTravelsAsJSON(t *testing.T) {
	var h, back Histogram
	for _, ns := range []int64{5, 5, 700, 1 << 30} {
		h.Record(ns)
	}
	p, err := json.Marshal(&h)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(p, &back); err != nil || back != h {
		t.Errorf("%s came back different: %v", p, err)
	}
	for _, bad := range []string{`{"counts":[[-1,2]]}`, `{"counts":[[99999,2]]}`, `{"counts":[[1,-2]]}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestSummary(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Summary
	}{
		{nil, Summary{}},
		{[]float64{3}, Summary{3, 3, 3, 3, 3, 1}},
		{[]float64{5, 1, 3}, Summary{3, 2, 4, 1, 5, 3}},
		{[]float64{4, 1, 2, 9}, Summary{3, 1.75, 5.25, 1, 9, 4}},
		{[]float64{50, 10, 40, 20, 30}, Summary{30, 20, 40, 10, 50, 5}},
		{[]float64{math.NaN(), 2, math.Inf(1)}, Summary{2, 2, 2, 2, 2, 1}},
	} {
		if got := Of(test.values); got != test.want {
			t.Errorf("Of(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}

func TestRoundKeepsFiveDigits(t *testing.T) {
	for x, want := range map[float64]float64{0: 0, 1.2345678: 1.2346, -0.000123456789: -0.00012346, 123456789: 123460000, 5: 5} {
		if got := Round(x); math.Abs(got-want) > math.Abs(want)*1e-12 {
			t.Errorf("Round(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestRatiosPairTheRounds(t *testing.T) {
	of := map[int]float64{1: 2, 2: 40, 3: 6}
	of[5], of[6] = 0, 3
	by := map[int]float64{1: 4, 2: 80, 4: 1, 5: 2, 6: 0}
	if got, want := Ratios(of, by), (Summary{0.5, 0.5, 0.5, 0.5, 0.5, 2}); got != want {
		t.Errorf("Ratios = %v, want %v", got, want)
	}
	if got := Ratios(of, nil); got.N != 0 {
		t.Errorf("Ratios to nothing = %v", got)
	}
}

func TestWidthIsAShareOfTheMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{7}, 0}, {[]float64{1, 2, 3, 4, 5}, 2.0 / 3}, {[]float64{-1, -2, -3, -4, -5}, 2.0 / 3}} {
		if got := Of(test.values).Width(); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("the width of %v = %v, want %v", test.values, got, test.want)
		}
	}
}

// The places are those of the tables for the sign test.
func TestIntervalTakesTheRightValues(t *testing.T) {
	for n, k := range map[int]int{1: 1, 2: 1, 5: 1, 6: 1, 8: 1, 9: 2, 11: 2, 12: 3, 15: 4, 20: 6, 30: 10} {
		var v []float64
		for i := range n {
			v = append(v, float64(n-i)) // n…1
		}
		if low, high := Interval(v); low != float64(k) || high != float64(n+1-k) {
			t.Errorf("of %d values: from %v to %v, want %d to %d", n, low, high, k, n+1-k)
		}
	}
	if low, high := Interval(nil); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("of nothing: %v, %v", low, high)
	}
}

func TestIntervalHoldsTheMedian(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const runs = 2000
	held := 0
	for range runs {
		v := make([]float64, 15)
		for i := range v {
			v[i] = math.Exp(r.NormFloat64()) // its median is 1
		}
		if low, high := Interval(v); low <= 1 && 1 <= high {
			held++
		}
	}
	if held < runs*94/100 {
		t.Errorf("the median lay within in %d of %d", held, runs)
	}
}
