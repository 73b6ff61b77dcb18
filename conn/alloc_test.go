// What an exchange allocates, and how long it takes, with a client that does nothing but send and count bytes.

package conn_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server/servertest"
)

// lockstep is a client that sends one request again and again, each when the response to the last has come.
type lockstep struct {
	t        testing.TB
	nc       net.Conn
	request  []byte
	response []byte // as long as each is
}

// exchange sends the request and reads the response.
func (l *lockstep) exchange() {
	if _, err := l.nc.Write(l.request); err != nil {
		l.t.Fatal(err)
	}
	if _, err := io.ReadFull(l.nc, l.response); err != nil {
		l.t.Fatal(err)
	}
}

// stepping connects a client to a connection that is served with the handler.
func stepping(t testing.TB, client, server net.Conn, handler conn.HandlerFunc, request string) *lockstep {
	served := make(chan bool)
	go func() {
		conn.New(server, conn.Share(conn.Config{Handler: handler}), 1).Serve()
		close(served)
	}()
	t.Cleanup(func() {
		client.Close()
		<-served
	})
	l := &lockstep{t: t, nc: client, request: []byte(request), response: make([]byte, 4096)}
	if _, err := client.Write(l.request); err != nil {
		t.Fatal(err)
	}
	n := 0
	for !strings.HasSuffix(string(l.response[:n]), "Hello, World!") {
		k, err := client.Read(l.response[n:])
		if n += k; err != nil {
			t.Fatalf("%q, %v", l.response[:n], err)
		}
	}
	l.response = l.response[:n]
	return l
}

// loopback returns a TCP connection.
func loopback(t testing.TB) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func pipe(testing.TB) (client, server net.Conn) {
	c, s := servertest.Pipe()
	return c, s
}

var networks = []struct {
	name    string
	connect func(testing.TB) (client, server net.Conn)
}{{"Pipe", pipe}, {"TCP", loopback}}

const (
	getRequest   = "GET /plaintext HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
	uploadBytes  = 8 << 10
	uploadFields = "POST /consume HTTP/1.1\r\nHost: localhost:8080\r\n"
)

func uploadRequest() string {
	return uploadFields + "Content-Length: 8192\r\n\r\n" + strings.Repeat("x", uploadBytes)
}

func chunkedRequest(kilobytes int) string {
	return uploadFields + "Transfer-Encoding: chunked\r\n\r\n" +
		strings.Repeat("400\r\n"+strings.Repeat("x", 1<<10)+"\r\n", kilobytes) + "0\r\n\r\n"
}

// hello answers without a look at the content.
func hello(w *conn.Response, r *conn.Request) error {
	w.Set("Content-Type", "text/plain")
	_, err := w.WriteString("Hello, World!")
	return err
}

// consume reads the content to its end first.
func consume() conn.HandlerFunc {
	p := make([]byte, 16<<10)
	return func(w *conn.Response, r *conn.Request) error {
		for {
			if _, err := r.Body.Read(p); err == io.EOF {
				return hello(w, r)
			} else if err != nil {
				return err
			}
		}
	}
}

// copyOut has the content copied, as most handlers do.
func copyOut(w *conn.Response, r *conn.Request) error {
	if n, err := io.Copy(io.Discard, r.Body); n != uploadBytes || err != nil {
		return err
	}
	return hello(w, r)
}

// exchange is a kind of exchange.
type exchange struct {
	name    string
	handler conn.HandlerFunc
	request string
	most    float64 // allocations
}

var exchanges = []exchange{
	{"a GET", hello, getRequest, 0},
	{"an upload that is read", consume(), uploadRequest(), 2},
	{"an upload that is copied", copyOut, uploadRequest(), 2},
	{"an upload that is ignored", hello, uploadRequest(), 2},
	{"a chunked upload that is read", consume(), chunkedRequest(8), 2},
	{"a chunked upload that is ignored", hello, chunkedRequest(3), 2}, // whose end comes with its head
}

// On a kept connection a request without content costs no allocation, and one with content the few that lend it.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, network := range networks {
		for _, x := range exchanges {
			t.Run(x.name+", "+network.name, func(t *testing.T) {
				client, server := network.connect(t)
				l := stepping(t, client, server, x.handler, x.request)
				for range 100 { // so that the pools are filled
					l.exchange()
				}
				if got := testing.AllocsPerRun(1000, l.exchange); got > x.most {
					t.Errorf("%v allocations, not %v", got, x.most)
				}
			})
		}
	}
}

func BenchmarkGET(b *testing.B) { benchmark(b, exchanges[:1]) }

func BenchmarkUpload(b *testing.B) { benchmark(b, exchanges[1:]) }

func benchmark(b *testing.B, list []exchange) {
	for _, network := range networks {
		for _, x := range list {
			b.Run(network.name+"/"+strings.ReplaceAll(x.name, " ", "-"), func(b *testing.B) {
				client, server := network.connect(b)
				l := stepping(b, client, server, x.handler, x.request)
				b.SetBytes(int64(len(x.request)))
				b.ReportAllocs()
				for b.Loop() {
					l.exchange()
				}
			})
		}
	}
}
