// What the system says of the processor time of a process.

package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime returns the processor time of all of a process's threads, to the nanosecond.
func CPUTime(pid int) (time.Duration, error) {
	var at unix.Timespec
	clock := int32(^pid<<3 | 2) // what clock_getcpuclockid(3) makes of a process
	if err := unix.ClockGettime(clock, &at); err != nil {
		return 0, fmt.Errorf("load: processor time of the server: %w", err)
	}
	return time.Duration(at.Nano()), nil
}

// CPUTicks returns the processor time of a process inside and outside the system, in ticks of 10 ms. The system finds how
// to divide the time by sampling, so this serves for nothing but the proportion.
func CPUTicks(pid int) (user, system int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("load: processor time of the server: %w", err)
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("load: /proc/PID/stat with %d fields", len(fields))
	}
	if user, err = strconv.ParseInt(string(fields[11]), 10, 64); err == nil {
		system, err = strconv.ParseInt(string(fields[12]), 10, 64)
	}
	return user, system, err
}

// moment is the state of everything that is counted.
type moment struct {
	at           int64
	total        int64
	server       time.Duration
	self         time.Duration
	user, system int64
}

func (g *Generator) moment() (m moment, err error) {
	if m.user, m.system, err = CPUTicks(g.pid); err != nil {
		return m, err
	}
	if m.self, err = CPUTime(os.Getpid()); err != nil {
		return m, err
	}
	if m.server, err = CPUTime(g.pid); err != nil {
		return m, err
	}
	m.at, m.total = g.now(), g.total
	return m, nil
}
