// Latencies are counted in buckets whose width grows with the value, so that recording one costs nothing.

// Package stat holds what the benchmark does with numbers.
package stat

import (
	"encoding/json"
	"fmt"
	"math/bits"
)

const (
	subBits = 6 // a bucket is at most 1/64 of its value wide
	sub     = 1 << subBits
	buckets = (40 - subBits + 1) * sub // up to 2^40 ns, 18 minutes
)

// Histogram counts durations in nanoseconds. Its zero value is ready for use.
type Histogram struct {
	counts [buckets]int64
	n      int64
	max    int64
}

// bucket returns where ns is counted: below 64 every value has its own bucket, above it every power of two has 64.
func bucket(ns int64) int {
	if ns < sub {
		return int(max(ns, 0))
	}
	shift := bits.Len64(uint64(ns)) - 1 - subBits
	return min(shift*sub+int(ns>>shift), buckets-1)
}

// middle returns the value that stands for a bucket.
func middle(i int) int64 {
	if i < 2*sub {
		return int64(i)
	}
	shift := i/sub - 1
	low := int64(i-shift*sub) << shift
	return low + int64(1)<<shift/2
}

// Record counts one duration.
func (h *Histogram) Record(ns int64) {
	h.counts[bucket(ns)]++
	h.n++
	h.max = max(h.max, ns)
}

// Add counts everything that o has counted.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// N returns how many durations were counted.
func (h *Histogram) N() int64 { return h.n }

// Max returns the longest, exactly.
func (h *Histogram) Max() int64 { return h.max }

// Quantile returns the duration that the fraction q of the durations does not exceed, within 1/64 of itself; 0 if there
// are none.
func (h *Histogram) Quantile(q float64) int64 {
	if h.n == 0 {
		return 0
	}
	rank := int64(q*float64(h.n) + 0.5)
	rank = min(max(rank, 1), h.n)
	for i, n := range h.counts {
		if rank -= n; rank <= 0 {
			return min(middle(i), h.max)
		}
	}
	return h.max
}

type wireHistogram struct {
	Max    int64      `json:"max"`
	Counts [][2]int64 `json:"counts"` // bucket and count, empty buckets left out
}

// MarshalJSON writes the buckets that are not empty.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	w := wireHistogram{Max: h.max}
	for i, n := range h.counts {
		if n > 0 {
			w.Counts = append(w.Counts, [2]int64{int64(i), n})
		}
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(p []byte) error {
	var w wireHistogram
	if err := json.Unmarshal(p, &w); err != nil {
		return err
	}
	*h = Histogram{max: w.Max}
	for _, c := range w.Counts {
		if c[0] < 0 || c[0] >= buckets || c[1] < 0 {
			return fmt.Errorf("stat: bucket %d with count %d", c[0], c[1])
		}
		h.counts[c[0]] = c[1]
		h.n += c[1]
	}
	return nil
}
