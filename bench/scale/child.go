//go:build linux

// The server's process as its clients have it.

package scale

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	clients *clients
}

// start starts a server, by the program's own path.
func start(self string, o Order) (*child, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	s := &child{cmd: exec.Command(self, ServerMode, string(order))}
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.stop()
		return nil, err
	}
	addr, err := net.ResolveTCPAddr("tcp", strings.TrimSpace(line))
	if err != nil {
		s.stop()
		return nil, err
	}
	s.clients = &clients{to: addr}
	return s, nil
}

// stop ends the server, which its input's end tells it.
func (s *child) stop() {
	s.in.Close()
	s.cmd.Wait()
}

func (s *child) ask(question string) (*State, error) {
	if _, err := fmt.Fprintln(s.in, question); err != nil {
		return nil, err
	}
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	state := new(State)
	return state, json.Unmarshal(line, state)
}

// settled returns the server's state once it has no connections but as many that are parked.
func (s *child) settled(parked int) (*State, error) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		state, err := s.ask("state")
		if err != nil {
			return nil, err
		}
		if state.Open != parked || state.Parked != parked {
			continue
		}
		time.Sleep(300 * time.Millisecond) // goroutines that have nothing left to do but to end
		return s.ask("settled")
	}
	return nil, errors.New("scale: connections go on after their clients have done what they were to do")
}
