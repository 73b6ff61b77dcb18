//go:build linux && !spillway_portable

// On real sockets: a request that comes while others have their turn is read without having been waited for.

package conn

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// The client runs when the connection lets it, and no earlier: there is one processor. A connection that does not yield waits for
// each of its requests.
func TestRequestsThatComeMeanwhileAreNotWaitedFor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const requests, tries = 200, 100
	waits, turn := int64(0), make(chan bool, 1)
	addr, _ := serveTCP(t, Config{Handler: HandlerFunc(func(w *Response, r *Request) error {
		waits = r.turn.sock.Waits()
		turn <- true // the client can run from now on, and does so when this goroutine does not
		return nil
	})})
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(nc)
	for try := range tries { // something else may keep the processor for longer than a connection lets others run
		before := waits
		for range requests {
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			<-turn
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}
		if waits-before < requests/2 {
			t.Logf("of %d requests %d were waited for, in try %d", requests, waits-before, try+1)
			return
		}
	}
	t.Errorf("of %d requests most are waited for, each of %d times", requests, tries)
}
