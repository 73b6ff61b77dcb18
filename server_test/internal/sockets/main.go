// What a package's TestMain does.

package sockets

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// Main runs a package's tests, and fails the package if one of them has left a goroutine or a file descriptor behind.
// Each of setUp is called before, and what it returns behind. A test may run the program again as a [Process].
func Main(m *testing.M, setUp ...func() (tearDown func())) {
	if os.Getenv(roleVariable) != "" {
		playServer()
		os.Exit(0)
	}
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close() // now the runtime has opened what it keeps
	}
	var after []func()
	for _, f := range setUp {
		after = append(after, f())
	}
	before := Descriptors()
	code := m.Run()
	if left := LeftBehind(before); left != "" && code == 0 {
		fmt.Fprintln(os.Stderr, "left behind by this package's tests:\n"+left)
		code = 1
	}
	for _, f := range after {
		f()
	}
	os.Exit(code)
}
