// Stop and Settle in the moment between a deadline and the wait that it is for.

package conn_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spillway-go/spillway/body"
	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/servertest"
)

// armed is a connection that tells when a deadline is about to be set.
type armed struct {
	*servertest.Conn
	before func(t time.Time)
}

func (c *armed) SetReadDeadline(t time.Time) error {
	if before := c.before; before != nil {
		before(t)
	}
	return c.Conn.SetReadDeadline(t)
}

// Stop ends an idle connection at once, also when it comes in the moment in which the connection begins to wait.
func TestStopBetweenDeadlineAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := servertest.Pipe()
		defer client.Close()
		nc := &armed{Conn: server}
		c := conn.New(nc, conn.Share(conn.Config{}), 1)
		nc.before = func(time.Time) {
			nc.before = nil
			c.Stop()
		}
		began := time.Now()
		if why := c.Serve(); why != conn.ReasonShutdown || time.Since(began) > time.Second {
			t.Errorf("%v after %v", why, time.Since(began))
		}
	})
}

// Settle makes a read return at once, also one that is just about to wait. In real time: Settle waits for a mutex.
func TestSettleBetweenDeadlineAndWait(t *testing.T) {
	client, server := servertest.Pipe()
	defer client.Close()
	nc, interrupted, hasRead := &armed{Conn: server}, make(chan bool), make(chan error, 1)
	handler := func(w *conn.Response, r *conn.Request) error {
		begun := make(chan bool)
		nc.before = func(time.Time) {
			nc.before = func(time.Time) { // by Settle
				nc.before = nil
				close(interrupted)
			}
			close(begun)
			<-interrupted
		}
		go func() {
			_, err := r.Body.Read(make([]byte, 100))
			hasRead <- err
		}()
		<-begun
		return nil
	}
	cfg := conn.Share(conn.Config{Handler: conn.HandlerFunc(handler), Limits: conn.Limits{RateGrace: time.Hour}})
	io.WriteString(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\n")
	go conn.New(nc, cfg, 1).Serve()
	if err := <-hasRead; err != body.ErrClosed {
		t.Errorf("the read returns %v", err)
	}
}
