// A server whose process another takes the place of.

package command

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"sync"
	"syscall"

	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// adopting makes this process the parent of those whose own parent has ended, so that it can wait for them.
var adopting = sync.OnceValue(func() error {
	const setChildSubreaper = 36
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return errno
	}
	return nil
})

var restarted = regexp.MustCompile(`msg=restarted pid=(\d+)`)

// Restart lets a new process take the server's place, and returns when it has.
func (s *Server) Restart() {
	s.t.Helper()
	if err := adopting(); err != nil {
		s.t.Fatal(err)
	}
	s.Signal(syscall.SIGUSR2)
	n := len(s.later)
	var lines [][]string
	if !sockets.Eventually(func() bool {
		lines = restarted.FindAllStringSubmatch(s.Stderr.String(), -1)
		return len(lines) > n
	}) {
		s.t.Fatalf("the server was not restarted; standard error:\n%s", s.Stderr.String())
	}
	pid, _ := strconv.Atoi(lines[n][1])
	p, err := os.FindProcess(pid)
	if err != nil {
		s.t.Fatal(err)
	}
	s.later = append(s.later, p)
}

// waitForLater waits for the processes that have taken the first one's place.
func (s *Server) waitForLater() {
	for i, p := range s.later {
		state, err := p.Wait()
		if errors.Is(err, syscall.ECHILD) {
			continue // it has ended before the one that started it, which has waited for it
		}
		if err != nil || !state.Success() {
			s.t.Errorf("restarted process %d: %v, %v", i+1, state, err)
		}
	}
}
