// Whether a test has left anything behind.

package sockets

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Long asks for the full number of repetitions everywhere.
var Long = os.Getenv("SPILLWAY_LONG") != ""

// Clean fails the test if it leaves a goroutine or a file descriptor behind. It must be called before anything else,
// so that it looks when all other cleanups have run.
func Clean(t testing.TB) {
	before := Descriptors()
	t.Cleanup(func() {
		if left := LeftBehind(before); left != "" {
			t.Errorf("left behind:\n%s", left)
		}
	})
}

// LeftBehind waits for goroutines of the library or its tests and for descriptors that were not there before to go,
// and returns those that do not.
func LeftBehind(before map[string]string) (left string) {
	for end := time.Now().Add(Patience); ; time.Sleep(5 * time.Millisecond) {
		if left = leftNow(before); left == "" || time.Now().After(end) {
			return left
		}
	}
}

func leftNow(before map[string]string) string {
	left := goroutines()
	for fd, what := range Descriptors() {
		if before[fd] != what {
			left = append(left, "descriptor "+fd+": "+what)
		}
	}
	return strings.Join(left, "\n\n")
}

// goroutines returns the stacks of all goroutines that run this module's code, but for the tests' own.
func goroutines() (stacks []string) {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	for i, g := range strings.Split(string(buf), "\n\n") {
		own := i == 0 || strings.Contains(g, "testing.tRunner(") || strings.Contains(g, "testing.(*M).")
		if !own && strings.Contains(g, "spillway-go/spillway") {
			stacks = append(stacks, g)
		}
	}
	return stacks
}

// Descriptors returns what this process has open, without what the runtime keeps for itself.
func Descriptors() map[string]string {
	open := make(map[string]string)
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		what, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && (strings.HasPrefix(what, "socket:") || strings.HasPrefix(what, "pipe:") ||
			strings.HasPrefix(what, "/dev/net") || what == "anon_inode:[eventpoll]") {
			open[e.Name()] = what
		}
	}
	return open
}

// Eventually polls a condition until it holds, and reports whether it came to that.
func Eventually(holds func() bool) bool {
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}

// Patience is how long anything may take that is expected to happen. Only a failing test waits so long.
const Patience = 20 * time.Second
