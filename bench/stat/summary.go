// A figure is the median of its rounds, and the range they span is told with it.

package stat

import (
	"math"
	"slices"
)

// Summary is what is told of a figure that was measured several times.
type Summary struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

// Of returns the summary of some values. Those that are not numbers do not count.
func Of(values []float64) Summary {
	v := slices.DeleteFunc(slices.Clone(values), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	if len(v) == 0 {
		return Summary{}
	}
	slices.Sort(v)
	mid := v[len(v)/2]
	if len(v)%2 == 0 {
		mid = (mid + v[len(v)/2-1]) / 2
	}
	return Summary{Median: Round(mid), Min: Round(v[0]), Max: Round(v[len(v)-1]), N: len(v)}
}

// Round keeps five digits: more were not measured.
func Round(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// Ratios divides round by round: what disturbed the machine in one round then disturbed both. A round that lacks either
// is left out.
func Ratios(of, by map[int]float64) Summary {
	var v []float64
	for round, x := range of {
		if y, ok := by[round]; ok && y > 0 {
			v = append(v, x/y)
		}
	}
	return Of(v)
}
