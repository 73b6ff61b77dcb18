// The promises about ends: of clients that go, that are slow, and of the server itself.

package servertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/server"
)

// newClient is NewClient or NewLateClient.
type newClient func(testing.TB, net.Conn) *Client

// brief is a time that a test waits for to pass.
const brief = 100 * time.Millisecond

func droppedUploadIsNoticed(g *ground) {
	result, began := make(chan error, 1), make(chan bool, 1)
	srv := g.start(func(w *server.Response, r *server.Request) error {
		io.CopyN(io.Discard, r.Body, 9)
		began <- true
		_, err := io.Copy(io.Discard, r.Body)
		result <- err
		return err
	}, server.Limits{})
	for how, end := range map[string]func(*Client){
		"closes": (*Client).Close, "resets": (*Client).drop, "half-closes": func(c *Client) {
			if c.talk.CloseWrite() != nil {
				c.Close()
			}
		},
	} {
		c := srv.Dial()
		c.Send("POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: 100000\r\n\r\nonly this")
		await(g, began, "the handler does not run") // a reset can overtake what was sent before
		end(c)
		var cut *body.CutError
		err := await(g, result, "the handler is not told")
		if !errors.As(err, &cut) || cut.Got != 9 {
			g.Errorf("a client %s behind 9 bytes of its upload, and the handler read %v", how, err)
		}
		c.Close()
	}
}

// drop resets the connection, or closes it where the client cannot do that.
func (c *Client) drop() {
	if c.talk.Abort() != nil {
		c.Close()
	}
}

// untilGone waits until the client has gone, in a way of its own.
func untilGone(g *ground, gone func(*server.Request) bool) {
	result := make(chan bool, 1)
	srv := g.start(func(w *server.Response, r *server.Request) error {
		result <- gone(r)
		return nil
	}, server.Limits{})
	for _, behind := range []string{"", fmt.Sprintf(get, "/behind")} {
		c := srv.Dial()
		c.Send(fmt.Sprintf(get, "/") + behind)
		c.Stall(brief / 4)
		c.Close()
		if !await(g, result, "the handler does not end") {
			g.Errorf("the context does not end, although the client has gone (behind the request it sent %q)", behind)
		}
	}
}

func contextEnds(g *ground) {
	untilGone(g, func(r *server.Request) bool {
		select {
		case <-r.Context().Done():
			return true
		case <-time.After(patience / 2):
			return false
		}
	})
}

func contextCanBePolled(g *ground) {
	untilGone(g, func(r *server.Request) bool {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for began := time.Now(); r.Context().Err() == nil; <-tick.C {
			if time.Since(began) > patience/2 {
				return false
			}
		}
		return true
	})
}

// watchingWithholdsNothing has handlers that watch their client, which reads ahead, and then answer. What was read ahead
// belongs to the next exchange.
func watchingWithholdsNothing(g *ground) {
	c := g.start(func(w *server.Response, r *server.Request) error {
		select {
		case <-r.Context().Done():
		case <-time.After(brief / 10):
		}
		_, err := io.Copy(w, r.Body)
		return err
	}, server.Limits{}).Dial()
	for i := range 5 {
		content := fmt.Sprint("content ", i)
		c.Send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: %d\r\n\r\n%s", len(content), content))
		g.wantAnswer(c, 200, content)
	}
}

// oneClientCostsAnotherNothing has clients that break off, that cause a panic and that stall beside one that does not.
func oneClientCostsAnotherNothing(g *ground) {
	srv := g.start(tell(g), server.Limits{})
	good := srv.Dial()
	for range 10 {
		dropped, failing, stalled := srv.Dial(), srv.Dial(), srv.Dial()
		dropped.Send("POST /all HTTP/1.1\r\nHost: example.test\r\nContent-Length: 100000\r\n\r\nonly this")
		dropped.drop()
		failing.Send(fmt.Sprintf(get, "/fail"))
		g.wantAnswer(failing, 500, "Internal Server Error\n")
		stalled.Send("GET / HT")
		good.Send(fmt.Sprintf(get, "/good"))
		g.wantAnswer(good, 200, "/good")
	}
}

// hijackedIsWhole takes a connection over on which bytes have come early, and sends back what comes.
func hijackedIsWhole(g *ground) {
	srv := g.start(func(w *server.Response, r *server.Request) error {
		w.SetStatus(101)
		w.Set("Connection", "Upgrade")
		w.Set("Upgrade", "echo")
		taken, err := w.Hijack()
		if err != nil {
			return err
		}
		defer taken.Close()
		_, err = io.CopyN(taken, taken, 10)
		return err
	}, server.Limits{})
	c := srv.DialConn()
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: example.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly")
	in := bufio.NewReader(c)
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 101 {
		g.Fatalf("of the head came %v, %v", res, err)
	}
	io.WriteString(c, "later")
	if rest, err := io.ReadAll(in); err != nil || string(rest) != "earlylater" {
		g.Errorf("behind the head came %q, %v", rest, err)
	}
}

// off turns a limit off.
const off = -1

func silentClientIsCut(g *ground) {
	srv := g.start(tell(g), server.Limits{IdleTimeout: brief, ReadHeaderTimeout: brief})
	silent, idle := srv.Dial(), srv.Dial()
	idle.Send(fmt.Sprintf(get, "/"))
	g.wantAnswer(idle, 200, "/")
	silent.ExpectClosed()
	idle.ExpectClosed()
}

// silentClientIsCutAnyway sets the one time limit that everybody sets.
func silentClientIsCutAnyway(g *ground) {
	g.start(tell(g), server.Limits{IdleTimeout: off, ReadHeaderTimeout: brief}).Dial().ExpectClosed()
}

func halfAHeadIsRefused(g *ground) {
	c := g.start(tell(g), server.Limits{IdleTimeout: off, ReadHeaderTimeout: brief}).Dial()
	c.Send("GET / HTTP/1.1\r\nHost: exam")
	if res := c.ReadResponse(); res.Status != 408 {
		c.fail("the response to half a head is %d", res.Status)
	}
	c.ExpectClosed()
}

func slowUploadMeetsTheLimit(g *ground) {
	srv := g.start(tell(g), server.Limits{RateGrace: brief})
	seen := Upload{Target: "/all", Size: 1000, Stop: 10, End: Stall}.Over(srv.Dial())
	if seen.Response == nil || seen.Response.Status != 408 || seen.Reset != nil || !seen.Closed {
		g.Errorf("an upload that stalls got %+v, %v:\n%s", seen.Response, seen.Err, seen.Dialogue)
	}
}

func slowReaderMeetsTheLimit(g *ground) {
	result := make(chan error, 1)
	srv := g.start(func(w *server.Response, r *server.Request) error {
		for {
			if _, err := w.Write(filler); err != nil {
				result <- err
				return err
			}
		}
	}, server.Limits{RateGrace: brief})
	c := NewLateClient(g, srv.DialConn())
	c.Send(fmt.Sprintf(get, "/"))
	if err := await(g, result, "the handler is not told that its client takes nothing"); !errors.Is(err, os.ErrDeadlineExceeded) {
		g.Errorf("a client that takes nothing ended the response with %v", err)
	}
	// The end of a TLS connection may take crypto/tls's own five seconds, in which it tries to say so to the client.
	ended := func() bool { return len(srv.reasons) > 0 }
	for range 2 {
		if srv.await(ended) {
			return
		}
	}
	g.Error("the connection is open")
}

func shutdownEndsIdle(g *ground) {
	srv := g.start(tell(g), server.Limits{})
	idle, silent := srv.Dial(), srv.Dial()
	idle.Send(fmt.Sprintf(get, "/"))
	g.wantAnswer(idle, 200, "/")
	srv.holds(2)
	g.shutdown(srv)
	idle.ExpectClosed()
	silent.ExpectClosed()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if c, err := srv.dialer(ctx); err == nil {
		late := NewClient(g, c)
		late.talk.Send(fmt.Appendf(nil, get, "/"))
		if res, err := late.talk.Next("GET", late.Timeout); err == nil {
			late.fail("a client that came after Shutdown was answered with %d", res.Status)
		}
	}
}

// shutdown shuts the server down, which must come to its end by itself.
func (g *ground) shutdown(srv *Server) {
	g.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		g.Errorf("Shutdown: %v", err)
	}
}

func shutdownWaits(g *ground) {
	began, release := make(chan bool), make(chan bool)
	srv := g.start(func(w *server.Response, r *server.Request) error {
		close(began)
		<-release
		return tell(g)(w, r)
	}, server.Limits{})
	c := srv.Dial()
	c.Send("POST /all HTTP/1.1\r\nHost: example.test\r\nContent-Length: 10\r\n\r\nhello")
	<-began
	ended := make(chan bool)
	go func() {
		defer close(ended)
		g.shutdown(srv)
	}()
	c.Stall(brief)
	close(release)
	c.Send("world")
	if res := g.wantAnswer(c, 200, "/all"); !res.Last() {
		c.fail("the response does not say that it is the last")
	}
	c.ExpectClosed()
	c.Close()
	<-ended
}

func closeEndsEverything(g *ground) {
	began, over := make(chan bool), make(chan bool)
	srv := g.start(func(w *server.Response, r *server.Request) error {
		if r.RawPath != "/wait" {
			return tell(g)(w, r)
		}
		close(began)
		defer close(over)
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}, server.Limits{})
	idle, busy, silent := srv.Dial(), srv.Dial(), srv.Dial()
	idle.Send(fmt.Sprintf(get, "/"))
	g.wantAnswer(idle, 200, "/")
	busy.Send("POST /wait HTTP/1.1\r\nHost: example.test\r\nContent-Length: 10\r\n\r\nhello")
	<-began
	srv.holds(3)
	srv.Close()
	await(g, over, "the handler that reads does not end")
	srv.Closings(3)
	for _, c := range []*Client{idle, busy, silent} {
		if err := c.talk.WaitEnd(c.Timeout); errors.Is(err, os.ErrDeadlineExceeded) {
			c.fail("the connection is open")
		}
	}
}
