// What a program has been handed, and what it hands on: descriptors from 3 on, and in the environment how many they are and how
// they are called.

package listen

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	firstDescriptor = 3
	mostDescriptors = 1 << 16

	// fromParent stands before the names of variables that a process sets for the one that replaces it. It cannot know that one's
	// LISTEN_PID; and its names are addresses, so that the colons in them are written as %3A.
	fromParent = "SPILLWAY_"

	unnamed = "unknown" // is what systemd calls those without a name
)

var (
	escape   = strings.NewReplacer("%", "%25", ":", "%3A")
	unescape = strings.NewReplacer("%25", "%", "%3A", ":")
)

// known are the listeners that this process may hand on.
var known struct {
	mu   sync.Mutex
	open []named
}

type named struct {
	name string
	net.Listener
	used bool // the program has it
}

func remember(name string, l net.Listener, used bool) {
	known.mu.Lock()
	defer known.mu.Unlock()
	known.open = append(known.open, named{name, l, used})
}

// use notes that the program has the listeners of whose names that is true.
func use(is func(name string) bool) {
	known.mu.Lock()
	defer known.mu.Unlock()
	for i := range known.open {
		l := &known.open[i]
		l.used = l.used || is(l.name)
	}
}

// CloseUnused closes the listeners that were handed over and that neither On nor Inherited has returned: those of addresses that
// the program has given up, at which clients would wait in vain. Package server/restart calls it.
func CloseUnused() {
	known.mu.Lock()
	defer known.mu.Unlock()
	known.open = slices.DeleteFunc(known.open, func(l named) bool {
		if !l.used {
			l.Close()
		}
		return !l.used
	})
}

// Inherited returns the listeners that the process was handed, by name: by systemd, whose LISTEN_FDS, LISTEN_PID and
// LISTEN_FDNAMES say so, or by the process that this one replaces, where an address that was opened is the name. They are the
// same whenever it is called. The first call lets no program inherit them that this one starts, and unsets the variables.
func Inherited() (map[string][]net.Listener, error) {
	all, err := inherited()
	use(func(string) bool { return true })
	return all, err
}

var inherited = sync.OnceValues(inherit)

func inherit() (map[string][]net.Listener, error) {
	defer func() {
		for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", fromParent + "LISTEN_FDS", fromParent + "LISTEN_FDNAMES"} {
			os.Unsetenv(name)
		}
	}()
	if os.Getenv(fromParent+"LISTEN_FDS") != "" {
		return adoptAll(fromParent, unescape.Replace)
	}
	pid, fds := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	if pid == "" || fds == "" {
		return nil, nil
	}
	if n, err := strconv.Atoi(pid); err != nil || n <= 0 {
		return nil, fmt.Errorf("listen: LISTEN_PID %.40q is not the number of a process", pid)
	} else if n != os.Getpid() {
		return nil, nil // they were for another
	}
	return adoptAll("", func(name string) string { return name })
}

// adoptAll makes listeners of the descriptors of which the variables speak whose names begin with prefix.
func adoptAll(prefix string, decode func(string) string) (map[string][]net.Listener, error) {
	fds, list := os.Getenv(prefix+"LISTEN_FDS"), os.Getenv(prefix+"LISTEN_FDNAMES")
	n, err := strconv.Atoi(fds)
	if err != nil || n < 0 || n > mostDescriptors {
		return nil, fmt.Errorf("listen: %sLISTEN_FDS %.40q is not a number of descriptors", prefix, fds)
	}
	names := slices.Repeat([]string{unnamed}, n)
	if list != "" {
		names = strings.Split(list, ":")
	}
	if len(names) != n {
		return nil, fmt.Errorf("listen: %sLISTEN_FDNAMES %.80q are %d names for %d descriptors", prefix, list, len(names), n)
	}
	all := map[string][]net.Listener{}
	var first error
	for i, name := range names { // all of them, so that none is inherited by others
		name = decode(name)
		l, err := adopt(firstDescriptor+i, name)
		if err != nil {
			err = fmt.Errorf("listen: descriptor %d, %.80q, of %sLISTEN_FDS %s: %w", firstDescriptor+i, name, prefix, fds, err)
			first = cmp.Or(first, err)
			continue
		}
		if own, is := l.(*net.UnixListener); is && strings.HasPrefix(name, "unix:") { // opened by a process that this one replaces
			own.SetUnlinkOnClose(true)
		}
		remember(name, l, false)
		all[name] = append(all[name], l)
	}
	return all, first
}

// namesOf says what there is.
func namesOf(handed map[string][]net.Listener) string {
	if len(handed) == 0 {
		return "; none was at all"
	}
	return fmt.Sprintf("; there are %.200q", slices.Sorted(maps.Keys(handed)))
}

// Handover has what the process needs that is to replace this one: as its descriptors from 3 on copies of those listeners that
// On and Inherited have returned and that are open, which the caller closes, and the variables that tell it so. Package
// server/restart uses it.
func Handover() (files []*os.File, environment []string) {
	inherited()
	known.mu.Lock()
	defer known.mu.Unlock()
	var names []string
	for _, l := range known.open {
		if file, err := copyOf(l.Listener); err == nil { // or it is closed
			files, names = append(files, file), append(names, escape.Replace(l.name))
		}
	}
	return files, []string{
		fmt.Sprintf("%sLISTEN_FDS=%d", fromParent, len(files)), fromParent + "LISTEN_FDNAMES=" + strings.Join(names, ":"),
	}
}

// HandedOver says that another process has the listeners now: the files of Unix sockets stay when this one closes them.
func HandedOver() {
	known.mu.Lock()
	defer known.mu.Unlock()
	for _, l := range known.open {
		if own, is := l.Listener.(*net.UnixListener); is {
			own.SetUnlinkOnClose(false)
		}
	}
}
