//go:build linux

// A few thousand connections leave as little behind as a million, and what is left behind is told.

package scale

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == ServerMode {
		if err := Serve(os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestNothingIsLeftOf20000Connections(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
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
