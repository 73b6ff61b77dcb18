// Handshakes wait in turn where they are bounded, and clients that stall keep nobody from a turn.

package https_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
)

// busy is a certificate whose choice takes as long as the test likes. It is in its handshake's turn then.
func busy(wait func(name string)) *tls.Config {
	c := certificate()
	return &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		wait(hello.ServerName)
		return &c, nil
	}}
}

// No more handshakes compute at once than there may, and all end well: under both APIs, and where they agree on HTTP/2.
func TestHandshakesAtOnce(t *testing.T) {
	const most, clients = 2, 32
	limits := server.Limits{MaxHandshakes: most}
	for name, start := range map[string]func(cfg *tls.Config, l net.Listener) io.Closer{
		"native": func(cfg *tls.Config, l net.Listener) io.Closer {
			srv := &server.Server{TLS: https.Config(cfg), Handler: server.HandlerFunc(told), Limits: limits}
			go srv.Serve(l)
			return srv
		},
		"nethttp": func(cfg *tls.Config, l net.Listener) io.Closer {
			srv := nethttp.New(&http.Server{TLSConfig: cfg, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })})
			srv.Limits = limits
			go srv.ServeTLS(l, "", "")
			return srv
		},
	} {
		t.Run(name, func(t *testing.T) {
			var now, seen atomic.Int64
			cfg := busy(func(string) {
				seen.Store(max(seen.Load(), now.Add(1)))
				for range 100 {
					runtime.Gosched()
				}
				now.Add(-1)
			})
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer start(cfg, l).Close()
			var over sync.WaitGroup
			for i := range clients {
				over.Go(func() {
					client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
						TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: name == "nethttp" && i%2 == 0,
					}}
					for range 2 { // the second on the same connection
						res, err := client.Get("https://" + l.Addr().String())
						if err != nil {
							t.Error(err)
							return
						}
						io.Copy(io.Discard, res.Body)
						res.Body.Close()
					}
				})
			}
			over.Wait()
			if got := seen.Load(); got > most || got == 0 {
				t.Errorf("%d handshakes computed at once", got)
			}
		})
	}
}

// With one turn, which somebody has for a time: who waits gets it when it is given up, also by a panic, or fails when the
// handshake's own time is over.
func TestAHandshakeWaitsInTurn(t *testing.T) {
	const most = 5 * time.Second
	for name, test := range map[string]struct {
		has    func()
		served time.Duration // when the other is; 0: never
	}{
		"nobody":                {nil, time.Nanosecond},
		"one who computes":      {func() { time.Sleep(most - time.Second) }, most - time.Second},
		"one who panics":        {func() { time.Sleep(time.Second); panic("on purpose") }, time.Second},
		"one who ends":          {func() { time.Sleep(time.Second); runtime.Goexit() }, time.Second},
		"one who computes on":   {func() { time.Sleep(2 * most) }, 0},
		"one who says nothing":  {nil, time.Nanosecond},
		"one who stalls in TLS": {nil, time.Nanosecond},
		"one who goes away":     {nil, time.Nanosecond},
		"one who speaks no TLS": {nil, time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := busy(func(name string) {
					if name == "first.test" {
						test.has()
					}
				})
				l := servertest.Listen()
				srv := &server.Server{
					TLS: https.Config(cfg), Handler: server.HandlerFunc(told), Log: &logged{},
					Limits: server.Limits{MaxHandshakes: 1, ReadHeaderTimeout: most},
				}
				go srv.Serve(l)
				defer srv.Shutdown(t.Context()) // waits for whoever computes still
				first, err := l.Dial()
				if err != nil {
					t.Fatal(err)
				}
				defer first.Close()
				switch {
				case test.has != nil:
					go tls.Client(first, &tls.Config{InsecureSkipVerify: true, ServerName: "first.test"}).Handshake()
				case strings.Contains(name, "stalls"):
					go tls.Client(halfDeaf{first}, &tls.Config{InsecureSkipVerify: true}).Handshake()
				case strings.Contains(name, "away"):
					io.WriteString(first, "\x16\x03\x01")
					first.Close()
				case strings.Contains(name, "no TLS"):
					io.WriteString(first, request)
				}
				synctest.Wait()
				began := time.Now()
				second, err := l.Dial()
				if err != nil {
					t.Fatal(err)
				}
				defer second.Close()
				client := tls.Client(second, &tls.Config{InsecureSkipVerify: true, ServerName: "second.test"})
				err = client.Handshake()
				took := time.Since(began)
				if test.served > 0 && (err != nil || took > test.served || test.served > time.Second && took < test.served) {
					t.Errorf("after %v: %v", took, err)
				}
				if test.served > 0 {
					return
				}
				if err == nil || took != most {
					t.Errorf("after %v: %v, although another had the turn", took, err)
				}
				if got := srv.Stats().Handshakes[conn.HandshakeTimeout]; got != 1 {
					t.Errorf("%d handshakes are counted that did not end in time", got)
				}
			})
		})
	}
}

// halfDeaf hears nothing of what the server says.
type halfDeaf struct{ net.Conn }

func (halfDeaf) Read([]byte) (int, error) { return 0, net.ErrClosed }
func (halfDeaf) Close() error             { return nil }
