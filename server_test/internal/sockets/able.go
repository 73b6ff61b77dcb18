// What a machine may lack, and what a test does then.

package sockets

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program. Without it, the test is skipped, and fails where everything must be there.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	Unable(t, "%v", err)
	return ""
}

// Unable skips a test that this machine does not allow, and says so where it cannot be overlooked.
func Unable(t testing.TB, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: %s: %s ***\n\n", t.Name(), text)
	t.Skip(text)
}
