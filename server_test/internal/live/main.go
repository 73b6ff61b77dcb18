package server_test

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// TestMain builds the command once, and fails the package if a test has left a goroutine or a file descriptor behind. A
// test may run this program again in one of the roles.
func TestMain(m *testing.M) {
	if role := liveRoles[os.Getenv("SPILLWAY_ROLE")]; role != nil {
		role()
		os.Exit(0)
	}
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close() // now the runtime has opened what it keeps
	}
	remove := buildLabs()
	before := liveDescriptors()
	code := m.Run()
	if left := liveLeftBehind(before); left != "" && code == 0 {
		fmt.Fprintln(os.Stderr, "left behind by this package's tests:\n"+left)
		code = 1
	}
	remove()
	os.Exit(code)
}
