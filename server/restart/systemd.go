// What systemd is told of the service (sd_notify(3), sd_watchdog_enabled(3)).

package restart

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

const (
	stateReady    = "READY=1"
	stateStopping = "STOPPING=1"
	stateAlive    = "WATCHDOG=1"
)

func stateReloading() string { return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic()) }

// stateReplaced also says that the service is alive: the new process does only after half of the watchdog's time.
func stateReplaced(pid int) string {
	return fmt.Sprintf("MAINPID=%d\n%s\n%s", pid, stateReady, stateAlive)
}

func (r *run) notify(state string) {
	if err := Notify(state); err != nil {
		r.Log.Warn("systemd cannot be told", "state", state, "error", err)
	}
}

// Notify tells systemd, or whoever else has set NOTIFY_SOCKET, something of the service, for example "STATUS=warming up". If
// nobody has, it does nothing.
func Notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	if path[0] != '/' && path[0] != '@' {
		return fmt.Errorf("restart: NOTIFY_SOCKET %.80q is neither a path nor an abstract socket", path)
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(state))
	return err
}

// watchdogTime returns within what time systemd wants to hear that this process is alive; 0: it does not.
func watchdogTime() (time.Duration, error) {
	value, pid := os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	if value == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0, nil
	}
	n, err := strconv.ParseUint(value, 10, 63)
	most := uint64(1<<63-1) / uint64(time.Microsecond)
	if err != nil || n < 2 || n > most {
		return 0, fmt.Errorf("restart: WATCHDOG_USEC %.40q is not a number of microseconds", value)
	}
	return time.Duration(n) * time.Microsecond, nil
}

// ticks ticks twice within a time; 0: never.
func ticks(within time.Duration) <-chan time.Time {
	if within == 0 {
		return nil
	}
	return time.Tick(within / 2)
}
