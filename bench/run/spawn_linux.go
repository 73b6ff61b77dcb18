// Processes are started from one thread that lives as long as the program: they get its cores, and end when it does.

package run

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

var spawning = make(chan func())

func init() {
	go func() {
		runtime.LockOSThread()
		for f := range spawning {
			f()
		}
	}()
}

// start starts a command on some cores, or on any if there are none. It is killed when this program ends.
func start(cmd *exec.Cmd, on []int) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	failed := make(chan error)
	spawning <- func() { failed <- startHere(cmd, on) }
	return <-failed
}

func startHere(cmd *exec.Cmd, on []int) error {
	if len(on) == 0 {
		return cmd.Start()
	}
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("run: affinity: %w", err)
	}
	if err := pin(on); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before)
	return cmd.Start()
}

// pin leaves the calling thread these cores and no other.
func pin(on []int) error {
	var set unix.CPUSet
	for _, core := range on {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("run: affinity: %w", err)
	}
	return nil
}

// EnoughFiles raises the limit of open files to what the largest case needs, and returns what it is.
func EnoughFiles(want uint64) uint64 {
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
