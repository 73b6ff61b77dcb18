// Processes are started from one thread that lives as long as the program: they get its core, and end when it does.

package run

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// core is where a process runs; anywhere if it is negative.
type core int

var spawning = make(chan func())

func init() {
	go func() {
		runtime.LockOSThread()
		for f := range spawning {
			f()
		}
	}()
}

// start starts a command on a core. It is killed when this program ends.
func start(cmd *exec.Cmd, on core) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	failed := make(chan error)
	spawning <- func() { failed <- startHere(cmd, on) }
	return <-failed
}

func startHere(cmd *exec.Cmd, on core) error {
	if on < 0 {
		return cmd.Start()
	}
	var before, pinned unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("run: affinity: %w", err)
	}
	pinned.Set(int(on))
	if err := unix.SchedSetaffinity(0, &pinned); err != nil {
		return fmt.Errorf("run: affinity: %w", err)
	}
	defer unix.SchedSetaffinity(0, &before)
	return cmd.Start()
}

// cores returns a core for the server and one for the load, or -1 twice where there is only one.
func cores() (server, load core) {
	var may unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil || may.Count() < 2 {
		return -1, -1
	}
	server, load = -1, -1
	for i := range len(may) * 64 {
		if may.IsSet(i) {
			if load < 0 {
				load = core(i)
			}
			server = core(i)
		}
	}
	return server, load
}

// enoughFiles raises the limit of open files to what the largest case needs, and returns what it is.
func enoughFiles(want uint64) uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	if limit.Max < want {
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: want, Max: want}) == nil {
			return want
		}
	}
	return limit.Max
}
