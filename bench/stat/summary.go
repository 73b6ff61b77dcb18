// A figure is the median of its rounds, and the range they span is told with it.

package stat

import (
	"math"
	"slices"
)

// Summary is what is told of a figure that was measured several times.
//
//	Min ≤ Q1 ≤ Median ≤ Q3 ≤ Max
type Summary struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"` // a quarter of the values is below it
	Q3     float64 `json:"q3"` // and a quarter above it
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

// Of returns the summary of some values. Those that are not numbers do not count.
func Of(values []float64) Summary {
	v := sorted(values)
	if len(v) == 0 {
		return Summary{}
	}
	return Summary{Median: Round(quantile(v, 0.5)), Q1: Round(quantile(v, 0.25)), Q3: Round(quantile(v, 0.75)),
		Min: Round(v[0]), Max: Round(v[len(v)-1]), N: len(v)}
}

// sorted returns those of the values that are numbers, in order.
func sorted(values []float64) []float64 {
	v := slices.DeleteFunc(slices.Clone(values), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	slices.Sort(v)
	return v
}

// quantile returns the value at the fraction q of a sorted list, between two of its values where that falls between them.
func quantile(v []float64, q float64) float64 {
	at := q * float64(len(v)-1)
	i := int(at)
	if i+1 >= len(v) {
		return v[i]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

// Width returns how far the middle half of the values spreads, as a share of the median.
func (s Summary) Width() float64 {
	if s.Median == 0 {
		return 0
	}
	return (s.Q3 - s.Q1) / math.Abs(s.Median)
}

// Interval returns bounds between which the true median lies with a probability of at least 95 %, whatever the
// distribution: it counts how likely it is that so many values fall on one side. Fewer than six values cannot say that, and
// then the bounds are the least and the most.
func Interval(values []float64) (low, high float64) {
	v := sorted(values)
	if len(v) == 0 {
		return math.NaN(), math.NaN()
	}
	n, k := len(v), 0
	for tail, chance := 0.0, math.Pow(0.5, float64(n)); k < n/2; k++ { // chance: that exactly k values are on one side
		if tail += chance; tail > 0.025 {
			break
		}
		chance *= float64(n-k) / float64(k+1)
	}
	k = max(k-1, 0)
	return v[k], v[n-1-k]
}

// Round keeps five digits: more were not measured.
func Round(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// Ratios returns the summary of RatioValues.
func Ratios(of, by map[int]float64) Summary { return Of(RatioValues(of, by)) }

// RatioValues divides round by round: what disturbed the machine in one round then disturbed both. A round that lacks either
// is left out.
func RatioValues(of, by map[int]float64) (v []float64) {
	for round, x := range of {
		if y, ok := by[round]; ok && y > 0 && x > 0 {
			v = append(v, x/y)
		}
	}
	return v
}
