// A meter counts only what the client is to blame for.

package transport

import (
	"errors"
	"os"
	"testing"
	"time"
)

// step is a wait and what it brought.
type step struct {
	wait  time.Duration
	bytes int64
}

func TestMeter(t *testing.T) {
	const rate, grace = 100, 5 * time.Second
	for _, test := range []struct {
		name     string
		steps    []step
		lag      time.Duration
		exceeded bool
	}{
		{"nothing yet", nil, 0, false},
		{"a pause just shorter than the grace", []step{{grace - 1, 0}}, grace - 1, false},
		{"a pause as long as the grace", []step{{grace, 0}}, grace, true},
		{"a pause that is paid back", []step{{4 * time.Second, 400}}, 0, false},
		{"no credit for more than that", []step{{0, 1e9}, {grace, 0}}, grace, true},
		{"half the rate", []step{{time.Second, 50}, {time.Second, 50}}, time.Second, false},
		{"half the rate for too long", []step{{4 * time.Second, 200}, {4 * time.Second, 200}, {time.Second, 0}}, grace, true},
		{"the rate itself, for ever", []step{{time.Second, 100}, {time.Hour, 360000}}, 0, false},
		{"bytes without a wait", []step{{0, 1}, {0, 1}}, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := meter{rate: rate, grace: grace}
			for _, s := range test.steps {
				m.count(s.wait, s.bytes)
			}
			if m.lag != test.lag || m.exceeded() != test.exceeded {
				t.Errorf("lag %v, exceeded %v; want %v, %v", m.lag, m.exceeded(), test.lag, test.exceeded)
			}
		})
	}
}

func TestMeterLimit(t *testing.T) {
	now := time.Unix(1000, 0)
	var m meter
	m = meter{rate: 100, grace: 5 * time.Second}
	m.count(2*time.Second, 100) // a second behind
	for _, test := range []struct{ until, want time.Time }{
		{time.Time{}, now.Add(4 * time.Second)},
		{now.Add(3 * time.Second), now.Add(3 * time.Second)},
		{now.Add(9 * time.Second), now.Add(4 * time.Second)},
	} {
		if got := m.limit(now, test.until); !got.Equal(test.want) {
			t.Errorf("until %v: %v, want %v", test.until, got, test.want)
		}
	}
	m = meter{grace: 5 * time.Second}
	m.count(time.Hour, 0)
	if got := m.limit(now, time.Time{}); !got.IsZero() || m.exceeded() {
		t.Errorf("a rate that is turned off limits to %v, exceeded %v", got, m.exceeded())
	}
	if err := m.err(); !errors.Is(err, ErrMinRate) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}
