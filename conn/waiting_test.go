// Nothing large is held for a connection that only waits for its client's next bytes, however they are waited for.

package conn_test

import (
	"fmt"
	"io"
	"math"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
)

// readEach reads content with small buffers of its own.
func readEach(_ *server.Response, r *server.Request) error {
	p := make([]byte, 1000)
	for {
		if _, err := r.Body.Read(p); err != nil {
			return err
		}
	}
}

var waysToWait = map[string]server.HandlerFunc{
	"copied": func(_ *server.Response, r *server.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	},
	"read":    readEach,
	"ignored": func(*server.Response, *server.Request) error { return nil },
	"watched": func(w *server.Response, r *server.Request) error {
		r.Context().Done() // the client is watched, by reading ahead
		return readEach(w, r)
	},
}

// half is content of which some has come.
type half struct {
	sent string
	came int64
}

func halves() map[string]half {
	const head = "POST / HTTP/1.1\r\nHost: a\r\n"
	x := strings.Repeat("x", 8<<10)
	chunks := head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("2000\r\n"+x+"\r\n", 8)
	return map[string]half{
		"fixed length":     {head + "Content-Length: 131072\r\n\r\n" + strings.Repeat(x, 7) + x[100:], 64<<10 - 100},
		"inside a chunk":   {chunks + "10000\r\n" + x[:999], 64<<10 + 999},
		"behind a chunk":   {chunks, 64 << 10},
		"in a chunk's end": {chunks + "10", 64 << 10},
	}
}

// A connection has, while its client is silent in the middle of its content, a goroutine's stack and a few records; where nobody can
// tell whether a read will wait, a small buffer too; under TLS both sides' records, which are TLS's own.
func TestMemoryWhileContentIsAwaited(t *testing.T) {
	for _, carrier := range servertest.Carriers() {
		if carrier.Name == "memory" {
			continue // it has both ends' buffers in it
		}
		most := int64(45 << 10)
		if strings.HasPrefix(carrier.Name, "tls") {
			most += 50 << 10
		}
		for how, handler := range waysToWait {
			for where, half := range halves() {
				t.Run(fmt.Sprintf("%s/%s, %s", carrier, how, where), func(t *testing.T) {
					bodies := make(chan *body.Content, 16)
					limits := server.Limits{DrainTimeout: time.Minute, MinReadRate: -1}
					s := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
						bodies <- r.Body
						return handler(w, r)
					}), servertest.Over(carrier), servertest.Limits(limits))
					var clients []net.Conn // which would be closed if nobody had them
					defer func() { runtime.KeepAlive(clients) }()
					open := func(conns int) {
						for range conns {
							c := s.DialConn()
							clients = append(clients, c)
							io.WriteString(c, half.sent)
							for b := <-bodies; how != "ignored" && b.Received() < half.came; {
								time.Sleep(100 * time.Microsecond)
							}
						}
						time.Sleep(time.Millisecond)
					}
					const conns = 16
					open(4)
					before := held()
					open(conns)
					least := int64(math.MaxInt64) // some may not have begun to wait yet
					for try := 0; least > most && try < 20 && !(raceEnabled && try > 0); try++ {
						time.Sleep(time.Duration(try) * time.Millisecond)
						least = min(least, (held()-before)/conns)
					}
					if least > most && !raceEnabled { // the race detector has memory of its own
						t.Errorf("a connection holds %d bytes, more than %d", least, most)
					}
					t.Logf("%d bytes", least)
					s.Close()
				})
			}
		}
	}
}

// held returns how many bytes are alive, stacks among them.
func held() int64 {
	for range 3 { // pools keep things for two rounds
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
