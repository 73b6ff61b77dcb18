// What the kit is for, each use in a test of its own that can be copied.

package servertest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/servertest"
	"golang.org/x/net/netutil"
)

// A user starts uploading a file, then drops the connection in the middle: what does the handler see? The server may be
// anybody's; this one is net/http's.
func TestExampleDroppedUpload(t *testing.T) {
	saw := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		saw <- err
	}))
	defer srv.Close()
	servertest.Upload{Size: 1 << 20, Stop: 300_000, End: servertest.Reset}.Send(t, srv.URL)
	if err := <-saw; err == nil {
		t.Error("the handler took half an upload for a whole one")
	}
}

// The same for a handler of spillway's, which is told how much came.
func TestExampleDroppedUploadOnSpillway(t *testing.T) {
	saw := make(chan error, 1)
	srv := servertest.Start(t, server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		saw <- err
		return err
	}))
	servertest.Upload{Size: 1 << 20, Stop: 300_000, End: servertest.HalfClose}.Send(t, srv.Addr)
	var cut *body.CutError
	if err := <-saw; !errors.As(err, &cut) || cut.Got != 300_000 {
		t.Errorf("the handler saw %v", err)
	}
}

// What the server settled for each exchange can be asserted on.
func TestExampleSettled(t *testing.T) {
	srv := servertest.Start(t, server.HandlerFunc(ignore))
	if _, err := srv.Client.Post(srv.URL+"/upload", "text/plain", strings.NewReader("hello world")); err != nil {
		t.Fatal(err)
	}
	x := srv.Exchanges(1)[0]
	if x.Status != 200 || x.Leftover != body.LeftoverDrained || x.Thrown != 11 || x.Verdict != conn.VerdictReuse {
		t.Error(x)
	}
}

// A client is scripted byte by byte.
func TestExampleScript(t *testing.T) {
	srv := servertest.Start(t, server.HandlerFunc(ignore))
	c := servertest.Dial(t, srv.Addr)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if res := c.ReadResponse(); res.Status != 200 || !res.Has("Connection", "close") {
		t.Errorf("%d, Connection: %q", res.Status, res.Get("Connection"))
	}
	c.ExpectClosed()
	c.ExpectNoReset()
}

// In memory, inside a bubble, time is fake: ten seconds of silence take none.
func TestExampleFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := servertest.Start(t, server.HandlerFunc(ignore), servertest.InMemory(),
			servertest.Limits(server.Limits{ReadHeaderTimeout: 10 * time.Second}))
		c := srv.Dial()
		c.Send("GET / HTTP/1.1\r\nHo")
		c.Timeout = 11 * time.Second
		if res := c.ReadResponse(); res.Status != 408 || res.First != 10*time.Second {
			t.Errorf("%d after %v", res.Status, res.First)
		}
		c.ExpectClosed()
	})
}

// A line of 1 KiB/s, where a client sends its upload and stops.
func TestExampleSlowUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := servertest.Start(t, server.HandlerFunc(consume), servertest.InMemory())
		upload := servertest.Upload{Size: 10 << 10, Rate: 1 << 10, Stop: 5 << 10, End: servertest.Stall, Wait: time.Minute}
		if seen := upload.Over(srv.Dial()); seen.Response == nil || seen.Response.Status != 408 || seen.Reset != nil {
			t.Error(seen.Dialogue)
		}
	})
}

// Does a listener that wraps another keep what spillway promises? This one counts connections, and hides all but the
// methods of net.Conn.
func TestExampleListener(t *testing.T) {
	servertest.TestListener(t, servertest.Carrier{
		Name: "limited", NoHalfClose: true, NoQueue: true,
		Open: func(t testing.TB) (net.Listener, servertest.DialFunc) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var d net.Dialer
			return netutil.LimitListener(l, 100), func(ctx context.Context) (net.Conn, error) {
				return d.DialContext(ctx, "tcp", l.Addr().String())
			}
		},
	})
}

// A test of one's own, over every kind of connection.
func TestExampleCarriers(t *testing.T) {
	for _, carrier := range servertest.Carriers() {
		t.Run(carrier.Name, func(t *testing.T) {
			srv := servertest.Start(t, server.HandlerFunc(consume), servertest.Over(carrier))
			res, err := srv.Client.Post(srv.URL, "text/plain", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if text, err := io.ReadAll(res.Body); string(text) != "consumed\n" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

func ignore(w *server.Response, r *server.Request) error {
	_, err := w.WriteString("ignored\n")
	return err
}

func consume(w *server.Response, r *server.Request) error {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	_, err := w.WriteString("consumed\n")
	return err
}
