//go:build linux

// A few thousand connections leave as little behind as a million, and what is left behind is told.

package scale

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestNothingIsLeftOf20000Connections(t *testing.T) {
	self := filepath.Join(t.TempDir(), "bench") // not this one: a race detector's memory grows with what it has seen
	if said, err := exec.Command("go", "build", "-o", self, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var table strings.Builder
	if err := Million(&table, self, 20_000); err != nil {
		t.Error(err)
	}
	t.Logf("\n%s", table.String())
}

func TestWhatIsLeftIsTold(t *testing.T) {
	before := State{Goroutines: 4, Files: 9, Heap: 10 << 20, RSS: 30 << 20}
	for _, tt := range []struct {
		more State
		told string
	}{
		{State{}, ""},
		{State{Heap: heapMargin, RSS: rssMargin}, ""},
		{State{Goroutines: 1}, "5 goroutines, before 4"},
		{State{Files: 1}, "10 descriptors, before 9"},
		{State{Heap: heapMargin + 1}, "bytes of heap"},
		{State{RSS: rssMargin + 1}, "bytes that are resident"},
	} {
		after := State{Goroutines: before.Goroutines + tt.more.Goroutines, Files: before.Files + tt.more.Files,
			Heap: before.Heap + tt.more.Heap, RSS: before.RSS + tt.more.RSS}
		told := ""
		if err := left(&before, &after); err != nil {
			told = err.Error()
		}
		if !strings.Contains(told, tt.told) || (told == "") != (tt.told == "") {
			t.Errorf("%+v: %q", tt.more, told)
		}
	}
}
