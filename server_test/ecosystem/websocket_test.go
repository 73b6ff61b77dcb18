// WebSockets with coder's and gorilla's libraries, also with frames right behind the handshake.

package ecosystem

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
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
