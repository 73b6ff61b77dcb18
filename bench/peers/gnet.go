//go:build linux

// gnet has event loops and no HTTP. What is put on top of them here is as little as will do: it finds where heads end, reads
// the path of each, and knows no content.

package main

import (
	"bytes"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/spillway-go/spillway/bench/servers"
)

// serveGnet opens the listener's address anew: gnet does not take a listener.
func serveGnet(l net.Listener, env *servers.Env) error {
	addr := l.Addr().String()
	l.Close()
	loops := runtime.GOMAXPROCS(0)
	return gnet.Run(&gnetHTTP{env: env, text: env.Reply()}, "tcp://"+addr, gnet.WithNumEventLoop(loops),
		gnet.WithMulticore(loops > 1), gnet.WithLogger(silent{}))
}

// silent is a logger: standard output, where gnet's own writes, is where a server tells its address.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

type gnetHTTP struct {
	gnet.BuiltinEventEngine
	env  *servers.Env
	text []byte
	date atomic.Pointer[[]byte]
}

func (s *gnetHTTP) OnBoot(gnet.Engine) gnet.Action {
	s.setDate()
	go func() {
		for range time.Tick(time.Second) {
			s.setDate()
		}
	}()
	close(s.env.Listens)
	return gnet.None
}

func (s *gnetHTTP) setDate() {
	text := []byte(time.Now().UTC().Format(http.TimeFormat))
	s.date.Store(&text)
}

// OnTraffic answers all requests that have come in whole, with one write.
func (s *gnetHTTP) OnTraffic(c gnet.Conn) gnet.Action {
	in, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	var out []byte
	if kept, ok := c.Context().([]byte); ok {
		out = kept[:0]
	}
	used := 0
	for {
		end := bytes.Index(in[used:], []byte("\r\n\r\n"))
		if end < 0 {
			break
		}
		out = s.reply(out, in[used:used+end])
		used += end + 4
	}
	if used == 0 {
		return gnet.None
	}
	if _, err := c.Discard(used); err != nil {
		return gnet.Close
	}
	if _, err := c.Write(out); err != nil {
		return gnet.Close
	}
	if cap(out) <= 4<<10 {
		c.SetContext(out)
	}
	return gnet.None
}

func (s *gnetHTTP) reply(out, head []byte) []byte {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	status, text := "404 Not Found", []byte("not found")
	switch {
	case bytes.HasPrefix(path, []byte("/plaintext")):
		status, text = "200 OK", []byte("Hello, World!")
	case bytes.HasPrefix(path, []byte("/bytes/")):
		status, text = "200 OK", s.text
	}
	out = append(out, "HTTP/1.1 "...)
	out = append(out, status...)
	out = append(out, "\r\nServer: gnet\r\nDate: "...)
	out = append(out, *s.date.Load()...)
	out = append(out, "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(len(text)), 10)
	out = append(out, "\r\n\r\n"...)
	return append(out, text...)
}
