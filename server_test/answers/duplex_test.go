// A handler that reads and writes in turns, and a client that does too, or does not, in fake time and over both APIs.

package answers_test

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// duplex is a handler in both APIs' words.
type duplex struct {
	native func(w *server.Response, r *server.Request) error
	stock  func(w http.ResponseWriter, r *http.Request)
}

// each runs a test with a client of each API's handler, on a connection of the test kit and on a bare one.
func (d *duplex) each(t *testing.T, limits server.Limits, test func(t *testing.T, client *servertest.Conn)) {
	handlers := map[string]server.Handler{"native": server.HandlerFunc(d.native)}
	if d.stock != nil {
		handlers["stock"] = nethttp.Handler(http.HandlerFunc(d.stock))
	}
	for name, handler := range handlers {
		for _, bare := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "", true: ", bare"}[bare], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := servertest.Listen()
					var on net.Listener = l
					if bare {
						on = servertest.Bare(l)
					}
					srv := &server.Server{Handler: handler, Limits: limits, Log: slog.New(slog.DiscardHandler)}
					served := make(chan bool)
					go func() {
						srv.Serve(on)
						close(served)
					}()
					client, err := l.Dial()
					if err != nil {
						t.Fatal(err)
					}
					test(t, client)
					client.Close()
					srv.Close()
					<-served
				})
			})
		}
	}
}

// duplexEcho sends the content back as it comes, up to the first error of either side, which a stock handler swallows. Without
// begin there is none.
func duplexEcho(before func(w *server.Response), begin func(w http.ResponseWriter), result func(err error)) *duplex {
	d := &duplex{native: func(w *server.Response, r *server.Request) error {
		before(w)
		_, err := io.Copy(w, r.Body)
		result(err)
		return err
	}}
	if begin != nil {
		d.stock = func(w http.ResponseWriter, r *http.Request) {
			begin(w)
			_, err := io.Copy(w, r.Body)
			result(err)
		}
	}
	return d
}

func asItIs(*server.Response)          {}
func asItStands(http.ResponseWriter)   {}
func leaveOut(error)                   {}
func duplexContent(n int) (all string) { return strings.Repeat("0123456789abcdef", n/16) }

// send sends a request with the content from a goroutine, and returns where its error will be.
func duplexSend(client io.Writer, content string) <-chan error {
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(client, sockets.Spell("POST", "/", content))
		sent <- err
	}()
	return sent
}

// paced reads at most so many bytes a second, after a pause.
type paced struct {
	io.Reader
	pause     time.Duration
	perSecond int
}

func (p *paced) Read(b []byte) (int, error) {
	time.Sleep(p.pause)
	p.pause = time.Second
	return p.Reader.Read(b[:min(len(b), p.perSecond)])
}

// duplexAnswer reads a response.
func duplexAnswer(t *testing.T, in io.Reader) (content string, closes bool, err error) {
	t.Helper()
	a, err := http.ReadResponse(bufio.NewReaderSize(in, 64<<10), &http.Request{Method: "POST"})
	if err != nil {
		t.Fatalf("no response: %v", err)
	}
	b, err := io.ReadAll(a.Body)
	return string(b), a.Close, err
}

// A client that sends and reads at once, with a pause of three seconds, and then at 40 KB a second, gets all that it sends.
func TestSlowDuplexIsWhole(t *testing.T) {
	const size = 64 << 20
	if sockets.Race {
		t.Skip("too many bytes for the race detector")
	}
	content := duplexContent(size)
	duplexEcho(asItIs, asItStands, leaveOut).each(t, server.Limits{}, func(t *testing.T, client *servertest.Conn) {
		sent := duplexSend(client, content)
		got, _, err := duplexAnswer(t, &paced{client, 3 * time.Second, 40e3})
		if err != nil || got != content {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

// When no byte has moved in either direction for the stall timeout, the content is given up, so that the client can send all of
// it; the handler is told, and the response does not look whole.
func TestStalledDuplexIsCutVisibly(t *testing.T) {
	const size = 8 << 20
	for _, limit := range []time.Duration{0, 2 * time.Second} {
		want := limit
		if want == 0 {
			want = 10 * time.Second // is the default
		}
		var told error
		echo := duplexEcho(asItIs, asItStands, func(err error) { told = err })
		echo.each(t, server.Limits{StallTimeout: limit}, func(t *testing.T, client *servertest.Conn) {
			began := time.Now()
			if err := <-duplexSend(client, duplexContent(size)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < want || took > want+time.Second {
				t.Errorf("given up after %v", took)
			}
			got, _, err := duplexAnswer(t, client)
			if err == nil || len(got) == size {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if !errors.Is(told, body.ErrAbandoned) {
				t.Errorf("the handler was told %v", told)
			}
			if client.WasReset() {
				t.Error("the connection was reset")
			}
		})
	}
}

// A byte now and then is progress: it is not long pauses together that count.
func TestProgressRestartsThePatience(t *testing.T) {
	const size = 1 << 20
	limits := server.Limits{MinWriteRate: -1}
	duplexEcho(asItIs, asItStands, leaveOut).each(t, limits, func(t *testing.T, client *servertest.Conn) {
		sent := duplexSend(client, duplexContent(size))
		const piece = 9 * 250
		for range 20 {
			time.Sleep(9 * time.Second)
			io.ReadFull(client, make([]byte, piece))
		}
		rest, err := io.Copy(io.Discard, io.LimitReader(client, size-20*piece))
		if err != nil || rest < size-20*piece {
			t.Errorf("%d bytes, %v", rest, err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

// An exchange has its own stall timeout, and none after EnableFullDuplex.
func TestStallTimeoutOfAnExchange(t *testing.T) {
	const size = 4 << 20
	content := duplexContent(size)
	patient := duplexEcho(func(w *server.Response) {
		if err := w.SetStallTimeout(0); err != nil {
			panic(err)
		}
	}, func(w http.ResponseWriter) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			panic(err)
		}
	}, leaveOut)
	t.Run("none", func(t *testing.T) {
		patient.each(t, server.Limits{MinWriteRate: -1}, func(t *testing.T, client *servertest.Conn) {
			sent := duplexSend(client, content)
			time.Sleep(time.Hour)
			if got, _, err := duplexAnswer(t, client); err != nil || got != content {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("short", func(t *testing.T) {
		var told error
		hasty := duplexEcho(func(w *server.Response) { w.SetStallTimeout(time.Second) }, nil, func(err error) { told = err })
		hasty.each(t, server.Limits{}, func(t *testing.T, client *servertest.Conn) {
			began := time.Now()
			err := <-duplexSend(client, content)
			if took := time.Since(began); err != nil || took < time.Second || took > 2*time.Second {
				t.Errorf("sent after %v: %v", took, err)
			}
			if got, _, err := duplexAnswer(t, client); err == nil || !errors.Is(told, body.ErrAbandoned) {
				t.Errorf("%d bytes, %v; the handler was told %v", len(got), err, told)
			}
		})
	})
}

// A client that writes all before it reads gets its whole answer from a handler that reads nothing: within the stall timeout
// while the handler writes, and at once when it has returned.
func TestWhoWritesAllBeforeReadingIsAnswered(t *testing.T) {
	const size = 8 << 20
	for _, test := range []struct {
		answer      int
		least, most time.Duration
	}{
		{3000, 0, 0},
		{1 << 20, 10 * time.Second, 11 * time.Second},
	} {
		answer := duplexContent(test.answer)
		writes := &duplex{
			native: func(w *server.Response, r *server.Request) error {
				_, err := w.WriteString(answer)
				return err
			},
			stock: func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, answer) },
		}
		writes.each(t, server.Limits{}, func(t *testing.T, client *servertest.Conn) {
			began := time.Now()
			err := <-duplexSend(client, duplexContent(size))
			if took := time.Since(began); err != nil || took < test.least || took > test.most {
				t.Errorf("sent after %v: %v", took, err)
			}
			got, closes, err := duplexAnswer(t, client)
			if err != nil || got != answer || !closes {
				t.Errorf("%d bytes, %v; closes: %t", len(got), err, closes)
			}
			if client.WasReset() {
				t.Error("the connection was reset")
			}
		})
	}
}
