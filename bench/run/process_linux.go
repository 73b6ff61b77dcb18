// A server or a generator as a process of its own, and what is asked of it.

package run

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spillway-go/spillway/bench/cases"
	"github.com/spillway-go/spillway/bench/load"
	"github.com/spillway-go/spillway/bench/servers"
)

// The first arguments with which this program is a server or a generator.
const (
	ServerMode = "-server"
	LoadMode   = "-load"
)

// process is a child that is told lines and answers in lines.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs bytes.Buffer
}

func startProcess(on place, program string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, args...)}
	p.cmd.Stderr = &p.errs
	if len(on.cores) > 0 {
		p.cmd.Env = append(os.Environ(), fmt.Sprint("GOMAXPROCS=", on.procs))
	}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 1<<16)
	if err := start(p.cmd, on.cores); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	return p, nil
}

// line reads the child's next line.
func (p *process) line() (string, error) {
	line, err := p.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("run: a process ended early: %s", p.complaint())
	}
	return strings.TrimSpace(line), nil
}

// complaint returns the last of what the child said on its standard error.
func (p *process) complaint() string {
	p.stop()
	lines := strings.Split(strings.TrimSpace(p.errs.String()), "\n")
	return lines[len(lines)-1]
}

// ask sends a line and decodes the answer.
func (p *process) ask(line string, answer any) error {
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		return fmt.Errorf("run: a process ended early: %s", p.complaint())
	}
	text, err := p.line()
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), answer)
}

// stop ends the child: its input ends, and if that does not suffice it is killed.
func (p *process) stop() {
	p.in.Close()
	kill := time.AfterFunc(2*time.Second, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	p.cmd.Wait()
}

// server is a running server.
type server struct {
	*process
	servers.Server
	addr string
}

// build is a program that has the Go servers in it.
type build struct {
	program string
	called  map[string]string // another name of a case, by ID, where the program does not know it
}

func (b build) caseID(c *cases.Case) string { return cmp.Or(b.called[c.ID], c.ID) }

// startServer starts a server and waits until it listens.
func (r *runner) startServer(b build, s servers.Server, c *cases.Case) (*server, error) {
	on, _ := places(r.cores, c, 1)
	if s.Command != nil {
		return r.startOther(on, s, c)
	}
	program := b.program
	if s.Peer {
		program = r.peers
	}
	p, err := startProcess(on, program, ServerMode, s.Name, "-case", b.caseID(c), "-dir", r.dir)
	if err != nil {
		return nil, err
	}
	addr, err := p.line()
	if err != nil {
		return nil, err
	}
	return &server{p, s, addr}, nil
}

// startOther starts a server that is another program.
func (r *runner) startOther(on place, s servers.Server, c *cases.Case) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	command, err := s.Command(&servers.Env{Case: c, Dir: r.dir, Addr: addr})
	if err != nil {
		return nil, err
	}
	p, err := startProcess(on, command[0], command[1:]...)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		if nc, err := net.Dial("tcp", addr); err == nil {
			nc.Close()
			return &server{p, s, addr}, nil
		}
		if time.Since(began) > 3*time.Second {
			p.cmd.Process.Kill()
			return nil, fmt.Errorf("run: %s does not listen: %s", s.Name, p.complaint())
		}
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *server) stop() {
	if s.Command != nil {
		s.cmd.Process.Signal(unix.SIGTERM)
	}
	s.process.stop()
}

// memory returns what a Go server says of its memory, or nil for another.
func (s *server) memory(command string) (*servers.Memory, error) {
	if s.Command != nil {
		return nil, nil
	}
	m := new(servers.Memory)
	return m, s.ask(command, m)
}

// rss returns the server's resident memory in bytes.
func (s *server) rss() (float64, error) {
	n, err := Resident(s.cmd.Process.Pid)
	if err != nil {
		err = fmt.Errorf("run: memory of %s: %w", s.Name, err)
	}
	return n, err
}

// Resident returns a process's resident memory in bytes, counted page by page.
func Resident(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Rss:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib * 1024, err
		}
	}
	return 0, errors.New("run: smaps_rollup without Rss")
}

// generator is a running generator.
type generator struct{ *process }

// wrongError is the server's fault, and no failure of the benchmark.
type wrongError struct{ what string }

func (e *wrongError) Error() string { return e.what }

// startLoad starts a generator and waits until it is ready.
func (r *runner) startLoad(on place, order load.Order) (*generator, error) {
	p, err := startProcess(on, r.Self, LoadMode)
	if err != nil {
		return nil, err
	}
	g := &generator{p}
	text, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	if _, err := g.tell(string(text)); err != nil {
		g.stop()
		return nil, err
	}
	return g, nil
}

// tell sends a line and returns what was measured, if that is what was asked for.
func (g *generator) tell(line string) (*load.Result, error) {
	var answer load.Answer
	if err := g.ask(line, &answer); err != nil {
		return nil, err
	}
	if answer.Wrong != "" {
		return nil, &wrongError{answer.Wrong}
	}
	if answer.Failed != "" {
		return nil, errors.New(answer.Failed)
	}
	return answer.Result, nil
}
