// The process that is to replace this one: how it is started, and how it says that it is ready.

package restart

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spillway-go/spillway/server/listen"
)

const (
	readyVariable = "SPILLWAY_READY_FD" // has the number of the descriptor to which a new process writes readyLine
	readyLine     = "ready\n"
)

type child struct {
	cmd    *exec.Cmd
	result chan error // nil when it is ready, or why it never will be: it has ended then
}

// start runs the program anew.
func start(within time.Duration) (*child, error) {
	if os.Getpid() == 1 {
		return nil, errors.New("restart: process 1 cannot be replaced: with it all others in its container end")
	}
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		if path, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	ready, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer pipe.Close()
	files, environment := listen.Handover()
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	cmd := exec.Command(path, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = append(slices.Clone(files), pipe)
	const firstExtra = 3
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "WATCHDOG_PID=") // is this process's
	}), append(environment, fmt.Sprintf("%s=%d", readyVariable, firstExtra+len(files)))...)
	if err := cmd.Start(); err != nil {
		ready.Close()
		return nil, fmt.Errorf("restart: %w", err)
	}
	c := &child{cmd: cmd, result: make(chan error, 1)}
	go func() {
		defer ready.Close()
		c.result <- c.await(ready, within)
		cmd.Wait() // so that it leaves no zombie if it ends before this process
	}()
	return c, nil
}

// await waits until the process is ready, or ends it.
func (c *child) await(ready *os.File, within time.Duration) error {
	ready.SetReadDeadline(time.Now().Add(within))
	line := make([]byte, len(readyLine))
	n, err := ready.Read(line)
	if string(line[:n]) == readyLine {
		return nil
	}
	c.cmd.Process.Kill()
	ended := c.cmd.Wait()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("restart: the new process was not ready within %v", within)
	}
	return fmt.Errorf("restart: the new process was not ready when it ended: %v", ended)
}

// outcome gets what has become of the process, if there is one.
func (c *child) outcome() <-chan error {
	if c == nil {
		return nil
	}
	return c.result
}

// stop stops the process, if there is one. It may just have become ready.
func (c *child) stop() {
	if c != nil {
		c.cmd.Process.Signal(syscall.SIGTERM)
	}
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// parentsPipe returns what tells the process that this one replaces that this one is ready; or nil, if it replaces none.
func parentsPipe() (*os.File, error) {
	value := os.Getenv(readyVariable)
	if value == "" {
		return nil, nil
	}
	os.Unsetenv(readyVariable)
	fd, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return nil, fmt.Errorf("restart: %s %.40q is not the number of a descriptor", readyVariable, value)
	}
	closeOnExec(int(fd))
	file := os.NewFile(uintptr(fd), "parent")
	if info, err := file.Stat(); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		return nil, fmt.Errorf("restart: %s %.40q is not a pipe", readyVariable, value)
	}
	return file, nil
}
