// WebSockets with coder's and gorilla's libraries, also with frames right behind the handshake.

package ecosystem

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"
	gorilla "github.com/gorilla/websocket"
	"github.com/labstack/echo/v5"
	echomiddleware "github.com/labstack/echo/v5/middleware"
)

// A webSocketServer echoes messages, sends a ping before it echoes "ping me", and says what its peer does.
type webSocketServer struct {
	name string
	echo func(w http.ResponseWriter, r *http.Request, said func(string))
}

const pingMe = "ping me"

var webSocketServers = []webSocketServer{{"coder", coderEcho}, {"gorilla", gorillaEcho}}

func coderEcho(w http.ResponseWriter, r *http.Request, said func(string)) {
	c, err := coder.Accept(w, r, &coder.AcceptOptions{Subprotocols: []string{"echo"}, CompressionMode: coder.CompressionContextTakeover})
	if err != nil {
		said("no WebSocket: " + err.Error())
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(4 << 20)
	for ctx := r.Context(); ; {
		kind, message, err := c.Read(ctx)
		if err != nil {
			var end coder.CloseError
			if !errors.As(err, &end) {
				said("cut")
				return
			}
			said(fmt.Sprintf("closed %d %q", end.Code, end.Reason))
			return
		}
		if string(message) == pingMe {
			go func() { // because who waits for a pong must read
				if c.Ping(ctx) == nil {
					said("pong")
				}
				c.Write(ctx, kind, message)
			}()
			continue
		}
		if err := c.Write(ctx, kind, message); err != nil {
			said(err.Error())
			return
		}
	}
}

func gorillaEcho(w http.ResponseWriter, r *http.Request, said func(string)) {
	upgrader := gorilla.Upgrader{Subprotocols: []string{"echo"}, EnableCompression: true}
	c, err := upgrader.Upgrade(w, r, http.Header{"X-Echo": {"1"}})
	if err != nil {
		said("no WebSocket: " + err.Error())
		return
	}
	defer c.Close()
	c.SetPongHandler(func(string) error { said("pong"); return nil })
	for {
		kind, message, err := c.ReadMessage()
		if err != nil {
			var end *gorilla.CloseError
			if !errors.As(err, &end) || end.Code == gorilla.CloseAbnormalClosure {
				said("cut")
				return
			}
			said(fmt.Sprintf("closed %d %q", end.Code, end.Text))
			return
		}
		if string(message) == pingMe {
			c.WriteControl(gorilla.PingMessage, []byte("there?"), time.Now().Add(patience))
		}
		if err := c.WriteMessage(kind, message); err != nil {
			said(err.Error())
			return
		}
	}
}

// conversation is what a client and a server see of each other.
type conversation struct {
	Protocol string
	Fields   http.Header
	Echoes   []string
	Pong     bool // the client's ping was answered
	ByServer []string
	ByClient string
}

// messages are sent in this order.
var messages = []struct {
	text bool
	data []byte
}{
	{true, []byte("hello")},
	{false, []byte{0, 1, 2, 255}},
	{true, nil},
	{false, bytes.Repeat([]byte("0123456789abcdef"), 1<<20/16)},
	{true, []byte(pingMe)},
}

func summary(text bool, b []byte) string {
	return fmt.Sprintf("text %t, %d bytes, %08x", text, len(b), crc32.ChecksumIEEE(b))
}

// coderTalk is the conversation with coder's client.
func coderTalk(t *testing.T, s site) conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, res, err := coder.Dial(ctx, s.URL, &coder.DialOptions{
		HTTPClient: s.Client, Subprotocols: []string{"echo"}, CompressionMode: coder.CompressionContextTakeover,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(4 << 20)
	o := conversation{Protocol: c.Subprotocol(), Fields: fieldsOf(res)}
	trade := func(text bool, data []byte) string {
		kind := coder.MessageBinary
		if text {
			kind = coder.MessageText
		}
		if err := c.Write(ctx, kind, data); err != nil {
			t.Fatal(err)
		}
		kind, data, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return summary(kind == coder.MessageText, data)
	}
	for _, m := range messages {
		o.Echoes = append(o.Echoes, trade(m.text, m.data))
	}
	pinged := make(chan error, 1)
	go func() { pinged <- c.Ping(ctx) }()
	for ended := false; !ended; { // who waits for a pong must read
		trade(true, []byte("meanwhile"))
		select {
		case err := <-pinged:
			o.Pong, ended = err == nil, true
		default:
		}
	}
	o.ByClient = fmt.Sprint(c.Close(4000, "enough"))
	return o
}

// gorillaTalk is the conversation with gorilla's client.
func gorillaTalk(t *testing.T, s site) conversation {
	t.Helper()
	dialer := gorilla.Dialer{Subprotocols: []string{"echo"}, EnableCompression: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	c, res, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(patience))
	o := conversation{Protocol: c.Subprotocol(), Fields: fieldsOf(res)}
	c.SetPongHandler(func(data string) error { o.Pong = data == "here?"; return nil })
	c.WriteControl(gorilla.PingMessage, []byte("here?"), time.Now().Add(patience))
	for _, m := range messages {
		kind := gorilla.BinaryMessage
		if m.text {
			kind = gorilla.TextMessage
		}
		if err := c.WriteMessage(kind, m.data); err != nil {
			t.Fatal(err)
		}
		kind, data, err := c.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		o.Echoes = append(o.Echoes, summary(kind == gorilla.TextMessage, data))
	}
	c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(4000, "enough"), time.Now().Add(patience))
	_, _, err = c.ReadMessage()
	o.ByClient = fmt.Sprint(err)
	return o
}

// fieldsOf returns the fields of a handshake, but for the one that depends on the client's random key.
func fieldsOf(res *http.Response) http.Header {
	res.Header.Del("Sec-Websocket-Accept")
	res.Header.Del("Date")
	return res.Header
}

// The same conversation in each combination of server and client, with and without TLS.
func TestWebSocketConversations(t *testing.T) {
	clients := []struct {
		name string
		talk func(*testing.T, site) conversation
	}{{"coder", coderTalk}, {"gorilla", gorillaTalk}}
	for _, server := range webSocketServers {
		for _, client := range clients {
			for _, secure := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s with %s, TLS %t", server.name, client.name, secure), func(t *testing.T) {
					var outcomes [2]conversation
					for i, e := range []engine{stock, spillway} {
						said := make(chan string, 10)
						h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							server.echo(w, r, func(s string) { said <- s })
						})
						start := e.start
						if secure {
							start = e.startTLS
						}
						o := client.talk(t, start(t, h))
						for range 2 {
							o.ByServer = append(o.ByServer, receive(t, "the server says more than "+fmt.Sprint(o.ByServer), said))
						}
						outcomes[i] = o
					}
					if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
						t.Errorf("net/http (-) and spillway (+) differ:\n%s", diff)
					}
					checkConversation(t, outcomes[1])
				})
			}
		}
	}
}

func checkConversation(t *testing.T, o conversation) {
	t.Helper()
	var want []string
	for _, m := range messages {
		want = append(want, summary(m.text, m.data))
	}
	if diff := cmp.Diff(want, o.Echoes); diff != "" {
		t.Errorf("echoes (-want +got):\n%s", diff)
	}
	if !o.Pong || o.Protocol != "echo" || !cmp.Equal(o.ByServer, []string{"pong", `closed 4000 "enough"`}) {
		t.Errorf("%+v", o)
	}
}

// A handler behind the wrapped ResponseWriters of the frameworks takes the connection over all the same.
func TestWebSocketBehindMiddlewares(t *testing.T) {
	hosts := map[string]func(http.HandlerFunc) http.Handler{
		"chi": func(h http.HandlerFunc) http.Handler {
			r := chi.NewRouter()
			r.Use(middleware.RequestLogger(&logLines{}), middleware.Recoverer, middleware.Timeout(time.Minute))
			r.Get("/", h)
			return r
		},
		"mux": func(h http.HandlerFunc) http.Handler {
			r := mux.NewRouter()
			r.HandleFunc("/", h)
			return r
		},
		"gin": func(h http.HandlerFunc) http.Handler {
			g := newGin()
			g.GET("/", func(c *gin.Context) { h(c.Writer, c.Request) })
			return g
		},
		"echo": func(h http.HandlerFunc) http.Handler {
			e := newEcho()
			e.Use(echomiddleware.Recover(), echomiddleware.Secure()) // Gzip would hold the 101 back, on any server
			e.GET("/", func(c *echo.Context) error { h(c.Response(), c.Request()); return nil })
			return e
		},
	}
	for _, server := range webSocketServers {
		for name, host := range hosts {
			t.Run(server.name+" in "+name, func(t *testing.T) {
				said := make(chan string, 10)
				o := sameOutcome(t, func() http.Handler {
					return host(func(w http.ResponseWriter, r *http.Request) { server.echo(w, r, func(s string) { said <- s }) })
				}, func(t *testing.T, s site) conversation {
					o := coderTalk(t, s)
					for range 2 {
						o.ByServer = append(o.ByServer, receive(t, "the server says something", said))
					}
					return o
				})
				checkConversation(t, o)
			})
		}
	}
}

const handshake = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

const (
	textFrame  = 1
	closeFrame = 8
)

// frame makes a client's frame.
func frame(opcode byte, content string) string {
	b := []byte{0x80 | opcode, 0x80}
	switch n := len(content); {
	case n < 126:
		b[1] |= byte(n)
	case n < 1<<16:
		b[1] |= 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] |= 127
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	mask := "\x12\x34\x56\x78"
	b = append(b, mask...)
	for i := range len(content) {
		b = append(b, content[i]^mask[i%4])
	}
	return string(b)
}

// readFrame reads a server's frame.
func readFrame(r io.Reader) (opcode byte, content string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var long uint16
		err = binary.Read(r, binary.BigEndian, &long)
		n = uint64(long)
	case 127:
		err = binary.Read(r, binary.BigEndian, &n)
	}
	if err != nil {
		return 0, "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return head[0] & 15, string(b), err
}

// dial connects to s, with TLS if that is its way.
func dial(t *testing.T, s site) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(s.URL, "https:") {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

// readEchoes reads the response to the handshake, sends more, and reads what follows, until a close frame or the end.
func readEchoes(nc net.Conn, more ...string) (seen []string) {
	r := bufio.NewReader(nc)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return []string{"no response"}
	}
	seen = []string{res.Status}
	for _, part := range more {
		io.WriteString(nc, part)
	}
	for {
		opcode, content, err := readFrame(r)
		if err != nil {
			return append(seen, "cut")
		}
		if opcode == closeFrame {
			_, err = r.ReadByte()
			return append(seen, fmt.Sprintf("close %x, then %v", content, err))
		}
		seen = append(seen, summary(opcode == textFrame, []byte(content)))
	}
}

// Clients send frames without having seen the 101: right behind the handshake, in one write with it. coder's server takes
// them; gorilla's refuses them, and can know of them only if the HTTP server hands them over.
func TestWebSocketFramesBehindTheHandshake(t *testing.T) {
	long := strings.Repeat("x", 100_000) // goes beyond every buffer
	end := frame(closeFrame, "\x03\xe8bye")
	for _, c := range []struct {
		name  string
		first string   // in one write
		then  []string // each in one of its own, when the 101 has come
		want  []string
	}{
		{"one", handshake + frame(textFrame, "early"), []string{end}, []string{summary(true, []byte("early"))}},
		{"several and the close", handshake + frame(textFrame, "a") + frame(textFrame, "b") + end, nil,
			[]string{summary(true, []byte("a")), summary(true, []byte("b"))}},
		{"a part of one", handshake + frame(textFrame, "early")[:3], []string{frame(textFrame, "early")[3:], end},
			[]string{summary(true, []byte("early"))}},
		{"a long one", handshake + frame(textFrame, long) + end, nil, []string{summary(true, []byte(long))}},
		{"none", handshake, []string{frame(textFrame, "late"), end}, []string{summary(true, []byte("late"))}},
	} {
		for _, server := range webSocketServers {
			for _, secure := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, TLS %t", c.name, server.name, secure), func(t *testing.T) {
					got := sameWebSocket(t, server, secure, func(t *testing.T, s site) []string {
						nc := dial(t, s)
						io.WriteString(nc, c.first)
						return readEchoes(nc, c.then...)
					})
					want := []string{"no response", "no WebSocket: websocket: client sent data before handshake is complete"}
					if server.name == "coder" || c.name == "none" {
						want = slices.Concat([]string{"101 Switching Protocols"}, c.want, got[1+len(c.want):])
						want[len(want)-1] = `closed 1000 "bye"`
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// sameWebSocket compares what a client sees of a server on net/http and on spillway, and then what the server says.
func sameWebSocket(t *testing.T, server webSocketServer, secure bool, use func(*testing.T, site) []string) []string {
	t.Helper()
	var outcomes [2][]string
	for i, e := range []engine{stock, spillway} {
		said := make(chan string, 10)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			server.echo(w, r, func(s string) { said <- s })
		})
		start := e.start
		if secure {
			start = e.startTLS
		}
		seen := use(t, start(t, h))
		outcomes[i] = append(seen, receive(t, "the server says something", said))
	}
	if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
		t.Errorf("net/http (-) and spillway (+) differ:\n%s", diff)
	}
	return outcomes[1]
}

// Frames also come while the handler is still at other things, and its context is waited for, which is what makes a server
// read ahead.
func TestWebSocketFramesBeforeTheUpgrade(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %t", secure), func(t *testing.T) {
			inside, proceed := make(chan struct{}), make(chan struct{})
			busy := webSocketServer{"busy", func(w http.ResponseWriter, r *http.Request, said func(string)) {
				stop := context.AfterFunc(r.Context(), func() {})
				defer stop()
				inside <- struct{}{}
				<-proceed
				coderEcho(w, r, said)
			}}
			got := sameWebSocket(t, busy, secure, func(t *testing.T, s site) []string {
				nc := dial(t, s)
				io.WriteString(nc, handshake)
				receive(t, "the handler runs", inside)
				io.WriteString(nc, frame(textFrame, "early"))
				io.WriteString(nc, frame(textFrame, strings.Repeat("x", 5000)))
				proceed <- struct{}{}
				return readEchoes(nc, frame(textFrame, "late"), frame(closeFrame, "\x03\xe8bye"))
			})
			want := []string{"101 Switching Protocols", summary(true, []byte("early")), summary(true, []byte(strings.Repeat("x", 5000))),
				summary(true, []byte("late")), "close 03e8627965, then EOF", `closed 1000 "bye"`}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// ownGoroutines returns the stacks of the goroutines that run spillway's code.
func ownGoroutines() (own []string) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		for _, name := range []string{"server.", "server/nethttp.", "conn.", "body."} {
			if strings.Contains(stack, "github.com/spillway-go/spillway/"+name) {
				own = append(own, stack)
				break
			}
		}
	}
	return own
}

// A shutdown does not wait for hijacked connections, nor end them. When they end, nothing is left.
func TestWebSocketShutdown(t *testing.T) {
	for _, server := range webSocketServers {
		for _, e := range []engine{stock, spillway} {
			t.Run(server.name+" on "+e.name, func(t *testing.T) {
				eventually(t, "what ran before has ended", func() bool { return len(ownGoroutines()) == 0 })
				said := make(chan string, 100)
				srv := e.server(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					server.echo(w, r, func(s string) { said <- s })
				})})
				l := loopback(t)
				served := make(chan error, 1)
				go func() { served <- srv.Serve(l) }()
				url := "ws://" + l.Addr().String()
				const n = 20
				var clients [n]*gorilla.Conn
				for i := range clients {
					c, _, err := gorilla.DefaultDialer.DialContext(t.Context(), url, nil)
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					clients[i] = c
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if err := srv.Shutdown(ctx); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				if err := receive(t, "Serve returns", served); err != http.ErrServerClosed {
					t.Errorf("Serve: %v", err)
				}
				for i, c := range clients {
					c.SetReadDeadline(time.Now().Add(patience))
					c.WriteMessage(gorilla.TextMessage, []byte("still here"))
					if _, got, err := c.ReadMessage(); string(got) != "still here" || err != nil {
						t.Fatalf("%q, %v", got, err)
					}
					if i%2 == 0 {
						c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(1000, ""), time.Now().Add(patience))
						c.ReadMessage()
					}
					c.Close()
				}
				ends := map[string]int{}
				for range n {
					ends[receive(t, "a server says something", said)]++
				}
				if want := map[string]int{`closed 1000 ""`: n / 2, "cut": n / 2}; !cmp.Equal(ends, want) {
					t.Errorf("%v, want %v", ends, want)
				}
				eventually(t, "all goroutines have ended", func() bool { return len(ownGoroutines()) == 0 })
			})
		}
	}
}
