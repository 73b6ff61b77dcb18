// A peer's processes: started in groups of their own, waited for until they take connections, ended, and waited for again.

package main

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed servers
var serverFiles embed.FS

// running is a peer that takes connections.
type running struct {
	addr      string
	processes []*process
	dir       string
}

// process is one of its processes.
type process struct {
	cmd  *exec.Cmd
	log  tail
	done chan struct{} // closed when it has ended
}

// start starts a peer. {spillway} becomes the given path.
func start(p *peer, spillway string) (*running, error) { return startBefore(p, spillway, "") }

// startBefore starts one that has its backend at a port, for which {backend} stands.
func startBefore(p *peer, spillway, backend string) (*running, error) {
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		return nil, err
	}
	r := &running{dir: dir}
	if err := r.startAll(p, spillway, backend); err != nil {
		r.stop()
		return nil, fmt.Errorf("peers: %s: %w", p.Name, err)
	}
	return r, nil
}

func (r *running) startAll(p *peer, spillway, backend string) error {
	// Some servers give up root and read their files as another user.
	if err := os.Chmod(r.dir, 0o755); err != nil {
		return err
	}
	common := filepath.Join(r.dir, "servers")
	if err := os.CopyFS(common, serverFiles); err != nil {
		return err
	}
	first := ""
	for i := range p.Programs {
		port, err := freePort()
		if err != nil {
			return err
		}
		if i == 0 {
			first = port
		}
		dir := filepath.Join(r.dir, strconv.Itoa(i))
		fill := strings.NewReplacer("{port}", port, "{first}", first, "{dir}", dir, "{servers}", filepath.Join(common, "servers"),
			"{self}", executable(), "{spillway}", spillway, "{backend}", cmp.Or(backend, first))
		if err := p.Programs[i].install(dir, fill); err != nil {
			return err
		}
		r.addr = net.JoinHostPort("127.0.0.1", port)
		started, err := p.Programs[i].start(dir, fill)
		if err != nil {
			return err
		}
		r.processes = append(r.processes, started)
		if err := started.ready(r.addr); err != nil {
			return err
		}
	}
	return nil
}

// install writes the program's files.
func (g *program) install(dir string, fill *strings.Replacer) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, name := range g.Files {
		text, err := serverFiles.ReadFile("servers/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(fill.Replace(string(text))), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (g *program) start(dir string, fill *strings.Replacer) (*process, error) {
	var args []string
	for _, a := range g.Args {
		args = append(args, fill.Replace(a))
	}
	p := &process{cmd: exec.Command(args[0], args[1:]...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, os.Environ()
	for _, v := range g.Env {
		p.cmd.Env = append(p.cmd.Env, fill.Replace(v))
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.cmd.Wait()
	}()
	return p, nil
}

// ready waits until the process takes connections.
func (p *process) ready(addr string) error {
	for end := time.Now().Add(45 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended: %s", filepath.Base(p.cmd.Path), p.log.String())
		default:
		}
		if c, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			return c.Close()
		}
	}
	return fmt.Errorf("%s does not take connections: %s", filepath.Base(p.cmd.Path), p.log.String())
}

// stop ends the peer's processes, the last first, and waits for them.
func (r *running) stop() {
	for i := len(r.processes) - 1; i >= 0; i-- {
		r.processes[i].stop()
	}
	os.RemoveAll(r.dir)
}

func (p *process) stop() {
	group := -p.cmd.Process.Pid
	select {
	case <-p.done: // it has ended by itself; others of its group may be left
	default:
		syscall.Kill(group, syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
		}
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if errors.Is(syscall.Kill(group, syscall.SIGKILL), syscall.ESRCH) {
			break
		}
	}
	<-p.done
}

// freePort returns a port that is free now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - 4096; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
