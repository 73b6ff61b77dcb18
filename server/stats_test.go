// What a server counts.

package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/server"
)

// TestEndedIsNotOpen looks at the counters while the end of a connection is told: what has ended is nothing else any more, whatever
// it was until then.
func TestEndedIsNotOpen(t *testing.T) {
	for _, test := range []struct{ name, sent string }{
		{"idle", ""},
		{"in a head", "GET / HT"},
		{"in an exchange", "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhe"},
		{"idle again", getHello},
		{"lingering", "GET /\x16 HTTP/1.1\r\nHost: a.test\r\n\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			told := make(chan server.Stats, 1)
			srv := &server.Server{Handler: server.HandlerFunc(answerHello)}
			srv.Trace = func(e server.Event) {
				if e.Kind == server.EventClosed {
					told <- srv.Stats()
				}
			}
			inBubble(t, nil, srv, func(b *bubble) {
				c := b.dial()
				c.Write([]byte(test.sent))
				time.Sleep(time.Second)
				synctest.Wait()
				c.Close()
				s := <-told
				ended := 0
				for _, n := range s.Closes {
					ended += int(n)
				}
				if ended != 1 || s.Accepted != 1 || s.Open != 0 || s.Idle != 0 || s.Parked != 0 || s.Lingering != 0 {
					b.Errorf("%d of %d have ended; %d are open, %d idle, %d parked, %d lingering",
						ended, s.Accepted, s.Open, s.Idle, s.Parked, s.Lingering)
				}
			})
		})
	}
}
