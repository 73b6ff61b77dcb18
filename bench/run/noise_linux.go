// A machine that others use as well gives wrong figures. How disturbed it is can be seen in two ways: work that is always the
// same takes longer, and cores on which nothing of ours runs are not idle.

package run

import (
	"bytes"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spillway-go/spillway/bench/load"
)

const (
	spinSteps  = 1 << 20                // of the fixed work: about a millisecond
	spinSlack  = 1.15                   // how much longer it may take than it usually does
	rest       = 30 * time.Millisecond  // how long the cores are watched with nothing to do
	pause      = 100 * time.Millisecond // before one looks again
	busyShare  = 0.075                  // of a window's processor time may be others'
	spinsKept  = 200                    // on each core
	spinsFirst = 20
)

// noise watches the cores.
type noise struct {
	cores []int
	spin  []chan chan time.Duration // one for each core: asks its thread for a spin
	spins [][]time.Duration         // the latest, of each core
}

// watch starts a thread on every core, which sleeps until it is asked to spin. It ends with close.
func watch(cores []int) *noise {
	n := &noise{cores: cores, spin: make([]chan chan time.Duration, len(cores)), spins: make([][]time.Duration, len(cores))}
	for i, core := range cores {
		asked := make(chan chan time.Duration)
		n.spin[i] = asked
		go func() {
			runtime.LockOSThread() // for good: the thread ends with the goroutine
			pinned := pin([]int{core}) == nil
			for answer := range asked {
				if !pinned {
					answer <- 0
					continue
				}
				answer <- spin()
			}
		}()
	}
	for range spinsFirst {
		n.spinAll()
	}
	return n
}

func (n *noise) close() {
	for _, asked := range n.spin {
		close(asked)
	}
}

// spin does the fixed work and returns how long it took.
func spin() time.Duration {
	began := time.Now()
	x := uint64(88172645463325252)
	for range spinSteps {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	took := time.Since(began)
	runtime.KeepAlive(x)
	return took
}

// spinAll spins on all cores at once and reports whether that took as long as it usually does.
func (n *noise) spinAll() bool {
	answers := make([]chan time.Duration, len(n.cores))
	for i, asked := range n.spin {
		answers[i] = make(chan time.Duration, 1)
		asked <- answers[i]
	}
	calm := true
	for i, answer := range answers {
		took := <-answer
		calm = calm && float64(took) <= spinSlack*float64(typical(n.spins[i], took))
		n.spins[i] = append(n.spins[i], took)
		if len(n.spins[i]) > spinsKept {
			n.spins[i] = n.spins[i][1:]
		}
	}
	return calm
}

// typical returns what a spin takes on a core that is left alone: what one in ten does not exceed. The least of all would be
// the work of a lucky moment, and no later one would come near it. If there are none, it is the one that is given.
func typical(spins []time.Duration, or time.Duration) time.Duration {
	if len(spins) == 0 {
		return or
	}
	return slices.Sorted(slices.Values(spins))[len(spins)/10]
}

// calm reports whether the machine is undisturbed, when nothing of ours runs: the cores are idle, and the fixed work takes as
// long as usual.
func (n *noise) calm() bool {
	from := coreTimes(n.cores)
	time.Sleep(rest)
	return idle(from, coreTimes(n.cores)) && n.spinAll()
}

// idle reports whether every core was idle most of the time between two readings. The readings are in ticks, of which a
// rest has three: one that was not idle may be one that had just begun.
func idle(from, to map[int]coreTime) bool {
	for core, t := range to {
		before := from[core]
		busy := t.busy - before.busy + t.stolen - before.stolen
		if busy > 1 || busy > t.idle-before.idle {
			return false
		}
	}
	return true
}

// coreTime is what a core has done, in ticks of 10 ms.
type coreTime struct{ busy, idle, stolen int64 }

// coreTimes reads the times of some cores. Where that cannot be read, nothing counts.
func coreTimes(cores []int) map[int]coreTime {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return nil
	}
	return parseCoreTimes(text, cores)
}

func parseCoreTimes(text []byte, cores []int) map[int]coreTime {
	all := map[int]coreTime{}
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 9 || !bytes.HasPrefix(fields[0], []byte("cpu")) {
			continue
		}
		core, err := strconv.Atoi(string(fields[0][3:]))
		if err != nil || !slices.Contains(cores, core) {
			continue
		}
		var t coreTime
		for i, field := range fields[1:] {
			ticks, _ := strconv.ParseInt(string(field), 10, 64)
			switch i {
			case 3, 4: // idle, iowait
				t.idle += ticks
			case 7:
				t.stolen = ticks
			case 0, 1, 2, 5, 6: // user, nice, system, irq, softirq
				t.busy += ticks
			}
		}
		all[core] = t
	}
	return all
}

// others is what disturbed a window, or all of them, in ticks of all the cores that were used.
type others struct{ busy, stolen, all int64 }

// between returns what others did on the cores between two readings, while processes of ours took so many ticks.
func between(from, to map[int]coreTime, ours int64) (o others) {
	for core, t := range to {
		before := from[core]
		busy, stolen := t.busy-before.busy, t.stolen-before.stolen
		o.busy += busy
		o.stolen += stolen
		o.all += busy + stolen + t.idle - before.idle
	}
	o.busy = max(o.busy-ours, 0)
	return o
}

func (o *others) add(more others) {
	o.busy += more.busy
	o.stolen += more.stolen
	o.all += more.all
}

// disturbed reports whether others took more of a window than may be. Ticks are samples, so that two are no proof.
func (o others) disturbed() bool {
	taken := o.busy + o.stolen
	return taken > 2 && float64(taken) > busyShare*float64(o.all)
}

// ticks returns the processor time of some processes, in ticks.
func ticks(pids ...int) (sum int64) {
	for _, pid := range pids {
		user, system, err := load.CPUTicks(pid)
		if err == nil {
			sum += user + system
		}
	}
	return sum
}
