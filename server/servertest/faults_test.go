// The faults are tested on themselves: they are those that were asked for, the same seed makes the same ones, and what an
// operation says of itself is what it did.

package servertest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spillway-go/spillway/server/servertest"
	"golang.org/x/net/nettest"
)

// faultScript does to a connection with faults what a script says, byte by byte, and returns what became of each step. It
// checks what every step says against what the other end sees.
func faultScript(t *testing.T, faults servertest.Faults, script []byte) (log []string) {
	synctest.Test(t, func(t *testing.T) {
		peer, under := servertest.Pipe()
		defer peer.Close()
		defer under.Close()
		c, injected := faults.Conn(under)
		var sent, got []byte // by the peer, and read
		next := byte(0)
		fresh := func(n int) []byte {
			p := make([]byte, n)
			for i := range p {
				next++
				p[i] = next
			}
			return p
		}
		for i := 0; i+1 < len(script) && i < 200; i += 2 {
			size := int(script[i+1])
			switch script[i] % 4 {
			case 0:
				p := fresh(size + 1)
				sent = append(sent, p...)
				peer.Write(p)
				n, err := c.Read(p)
				got = append(got, p[:n]...)
				log = append(log, fmt.Sprintf("read %d of %d: %v", n, len(p), err))
			case 1:
				p := fresh(size)
				n, err := c.Write(p)
				log = append(log, fmt.Sprintf("write %d of %d: %v", n, len(p), err))
				if faults.SilentWrite == 0 && n < len(p) && err == nil {
					t.Errorf("%d of %d bytes were written, without an error", n, len(p))
				}
				arrived := make([]byte, n)
				if _, err := io.ReadFull(peer, arrived); err != nil || !bytes.Equal(arrived, p[:n]) {
					t.Errorf("of %x arrived %x, %v", p[:n], arrived, err)
				}
			case 2:
				err := c.SetDeadline(time.Now().Add(time.Duration(size) * time.Second))
				log = append(log, fmt.Sprintf("deadline: %v", err))
			case 3:
				time.Sleep(time.Duration(size) * 10 * time.Millisecond)
				log = append(log, fmt.Sprintf("at %v", time.Now()))
			}
			peer.SetReadDeadline(time.Now()) // nothing else has arrived
			if n, err := peer.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("more than was said arrived: %d, %v", n, err)
			}
			peer.SetReadDeadline(time.Time{})
		}
		if !bytes.HasPrefix(sent, got) {
			t.Errorf("of %x was read %x", sent, got)
		}
		for _, f := range injected.All() {
			log = append(log, f.String())
		}
	})
	return log
}

// FuzzFaults draws faults twice from the same seed: they are the same.
func FuzzFaults(f *testing.F) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var script []byte
		for range 20 {
			script = binary.LittleEndian.AppendUint64(script, rng.Uint64())
		}
		f.Add(seed, script)
	}
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		first := faultScript(t, servertest.RandomFaults(seed), script)
		if again := faultScript(t, servertest.RandomFaults(seed), script); !cmp.Equal(first, again) {
			t.Errorf("the same seed does something else: %s", cmp.Diff(first, again))
		}
	})
}

// Another seed makes other faults, and each kind comes when it is asked for, and no other.
func TestFaultsAreThoseAskedFor(t *testing.T) {
	script := bytes.Repeat([]byte{0, 100, 1, 100, 2, 5, 3, 1}, 20)
	for kind, faults := range map[servertest.FaultKind]servertest.Faults{
		servertest.ShortRead:      {ShortRead: 1},
		servertest.EmptyRead:      {EmptyRead: 1},
		servertest.FailedRead:     {FailedRead: 1},
		servertest.ShortWrite:     {ShortWrite: 1},
		servertest.SilentWrite:    {SilentWrite: 1},
		servertest.StalledRead:    {StalledRead: 1},
		servertest.StalledWrite:   {StalledWrite: 1},
		servertest.Yield:          {Yield: 1},
		servertest.EarlyDeadline:  {EarlyDeadline: 1, Shift: 1},
		servertest.LateDeadline:   {LateDeadline: 1},
		servertest.FailedDeadline: {FailedDeadline: 1},
		servertest.DeafDeadline:   {DeafDeadline: 1},
	} {
		var logs []string
		for faults.Seed = range 2 {
			log := strings.Join(faultScript(t, faults, script), "\n")
			if logs = append(logs, log); !strings.Contains(log, string(kind)+": conn 1, operation ") {
				t.Errorf("no %s in\n%s", kind, log)
			}
			if n := strings.Count(log, ": conn 1, "); n != strings.Count(log, string(kind)+": conn 1, ") {
				t.Errorf("not only %s in\n%s", kind, log)
			}
		}
		switch kind {
		case servertest.EmptyRead, servertest.Yield, servertest.FailedDeadline, servertest.DeafDeadline, servertest.EarlyDeadline: // no two ways
		default:
			if logs[0] == logs[1] {
				t.Errorf("two seeds make the same %s", kind)
			}
		}
	}
}

// Deadlines strike when the fault says.
func TestFaultyDeadlines(t *testing.T) {
	for _, tt := range []struct {
		faults   servertest.Faults
		from, to time.Duration // when a deadline in 10 s strikes
	}{
		{servertest.Faults{}, 10 * time.Second, 10 * time.Second},
		{servertest.Faults{EarlyDeadline: 1, Shift: 3 * time.Second}, 7 * time.Second, 10*time.Second - 1},
		{servertest.Faults{LateDeadline: 1, Shift: 3 * time.Second}, 10*time.Second + 1, 13 * time.Second},
		{servertest.Faults{DeafDeadline: 1}, time.Minute, time.Minute}, // when the peer closes
		{servertest.Faults{FailedDeadline: 1}, time.Minute, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			peer, under := servertest.Pipe()
			c, _ := tt.faults.Conn(under)
			began := time.Now()
			if err := c.SetReadDeadline(began.Add(10 * time.Second)); (err != nil) != (tt.faults.FailedDeadline > 0) {
				t.Errorf("%+v: %v", tt.faults, err)
			}
			time.AfterFunc(time.Minute, func() { peer.Close() })
			_, err := c.Read(make([]byte, 1))
			if took := time.Since(began); took < tt.from || took > tt.to || errors.Is(err, os.ErrDeadlineExceeded) != (took < time.Minute) {
				t.Errorf("%+v: %v after %v", tt.faults, err, took)
			}
			c.Close()
			time.Sleep(time.Minute)
		})
	}
}

// A close ends a stall.
func TestCloseEndsAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, under := servertest.Pipe()
		c, _ := servertest.Faults{StalledRead: 1, LongestStall: 24 * time.Hour}.Conn(under)
		time.AfterFunc(time.Second, func() { c.Close() })
		began := time.Now()
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestFaultyListener(t *testing.T) {
	under := servertest.Listen()
	l, injected := servertest.Faults{FailedAccept: 0.5, FailedCloseWrite: 1}.Listen(under)
	for range 20 {
		if _, err := under.Dial(); err != nil {
			t.Fatal(err)
		}
	}
	for accepted := 0; accepted < 20; {
		c, err := l.Accept()
		if err != nil {
			if passing, ok := err.(interface{ Temporary() bool }); !ok || !passing.Temporary() {
				t.Fatal(err)
			}
			continue
		}
		accepted++
		if c.(interface{ CloseWrite() error }).CloseWrite() == nil {
			t.Error("CloseWrite did not fail")
		}
	}
	if n := len(injected.All()); n < 25 || n > 80 {
		t.Errorf("%d faults: %v", n, injected.All())
	}
}

// Without a fault, and with those that every connection may have, it is a net.Conn.
func TestFaultyNetConn(t *testing.T) {
	for name, faults := range map[string]servertest.Faults{"none": {}, "short reads": {ShortRead: 1}} {
		t.Run(name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				client, under := servertest.Pipe()
				c2, _ = faults.Conn(under)
				return client, c2, func() { client.Close(); c2.Close() }, nil
			})
		})
	}
}
