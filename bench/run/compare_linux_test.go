// Two builds are compared side by side.

package run

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/servers"
)

func TestBuildsAreCompared(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	var progress bytes.Buffer
	c, err := Compare(CompareOptions{Old: self, Self: self, Rounds: 2, Window: 20 * time.Millisecond, Warm: time.Millisecond,
		Subjects: []Subject{{"get-1", "spillway"}, {"idle", "floor-a"}}, Limit: time.Minute, Tries: 2, Bound: 0.03, MaxConns: 40,
		Progress: &progress})
	if err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	for i, row := range c.Rows {
		if len(row.Cost) != 2 || len(row.Costs[0]) != 2 || row.Costs[0][0] <= 0 || row.Costs[1][1] <= 0 || (len(row.Rate) == 2) != (i == 0) {
			t.Errorf("%s: %+v", row.Case.ID, row)
		}
	}
	if c.Noise.Windows != 4 || c.Seconds <= 0 || !strings.Contains(progress.String(), "round 2") {
		t.Errorf("%+v, progress:\n%s", c.Noise, &progress)
	}
}

func TestWhatCannotBeComparedIsSaid(t *testing.T) {
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		subject   Subject
		old, want string
	}{
		{Subject{"no-such", "spillway"}, self, "no case"},
		{Subject{"get-1", "apache"}, self, "no server"},
		{Subject{"get-1", "nginx"}, self, "cannot be compared"},
		{Subject{"json", "spillway"}, self, "has no http.Handler"},
		{Subject{"get-1", "spillway"}, "/bin/false", "/bin/false: get-1 on spillway"},
	} {
		_, err := Compare(CompareOptions{Old: test.old, Self: self, Subjects: []Subject{test.subject}, Rounds: 1,
			Progress: new(bytes.Buffer)})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.subject, err, test.want)
		}
	}
}

func TestTheUsualCanBeCompared(t *testing.T) {
	for _, subject := range Usual() {
		c, err := cases.Find(subject.Case)
		if err != nil {
			t.Error(err)
			continue
		}
		if s, err := servers.Find(subject.Server); err != nil || s.Serve == nil || s.Lacks(c) != "" {
			t.Errorf("%v: %v", subject, err)
		}
	}
}
