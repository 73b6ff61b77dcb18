// The matrix: every kind of connection that a server must keep its promises on, in one table.

package servertest

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/spillway-go/spillway/server/https"
)

// DialFunc opens a connection to a listener, and does all that a client does before its first request: the handshake,
// where there is one.
type DialFunc func(ctx context.Context) (net.Conn, error)

// Carrier is a kind of connection: what carries a server's bytes, how a client gets there, and what it cannot do.
// [Carriers] has those that spillway itself is tested on, [Over] starts a server on one, and [TestListener] finds out
// whether a server on one keeps what spillway promises.
type Carrier struct {
	Name string // names a subtest: no spaces

	// Open opens a listener, with all that lies under and upon its connections, and says how to reach it. The listener is
	// closed by the server; what else Open starts ends with the test.
	Open func(t testing.TB) (net.Listener, DialFunc)

	TLS *tls.Config // the server's, where it is to make TLS itself; nil: what Open's listener accepts is served as it is

	// What the server's ends of the connections cannot do, so that no promise can rest on it.

	NoHalfClose bool // end one direction alone: the client sees the end of the stream when the connection is closed
	NoDeadlines bool // end what waits, by a deadline: only what comes, or a close, does
	NoQueue     bool // tell whether more clients wait: those that the system holds when the listener is closed are reset
}

// String returns the name.
func (c Carrier) String() string { return c.Name }

// plain is the carrier of servers that nobody chose one for.
var plain = Carrier{Name: "tcp", Open: openTCP(func(l *net.TCPListener) net.Listener { return l })}

// Carriers returns the kinds of connections that spillway's promises are tested on:
//
//	tcp                 a TCP socket
//	bare                the methods of net.Conn alone, accepted by the methods of net.Listener alone
//	failing-deadlines   the same, where setting a deadline is an error
//	deaf-deadlines      the same, where setting a deadline does nothing, and says that it did
//	tls                 TLS made by the server
//	tls-ready-made      TLS made by tls.NewListener
//	unix                a Unix socket
//	embedding           a type that embeds *net.TCPConn, accepted by one that embeds *net.TCPListener; its Read and Write
//	                    change the bytes, so that whoever goes past them is found out
//	memory              the kit's network, with the methods of net.Conn and net.Listener alone
//
// The build tag spillway_portable, which makes the server do without the system's own calls, is not among them: run them
// with it and without it.
func Carriers() []Carrier {
	return []Carrier{
		plain,
		{Name: "bare", NoHalfClose: true, NoQueue: true,
			Open: openTCP(func(l *net.TCPListener) net.Listener { return Bare(l) })},
		{Name: "failing-deadlines", NoHalfClose: true, NoDeadlines: true, NoQueue: true,
			Open: openTCP(func(l *net.TCPListener) net.Listener { return Wrap(Bare(l), withFailingDeadlines) })},
		{Name: "deaf-deadlines", NoHalfClose: true, NoDeadlines: true, NoQueue: true,
			Open: openTCP(func(l *net.TCPListener) net.Listener { return Wrap(Bare(l), withDeafDeadlines) })},
		{Name: "tls", TLS: serverTLS(), Open: overTLS(plain.Open)},
		{Name: "tls-ready-made", NoQueue: true,
			Open: overTLS(openTCP(func(l *net.TCPListener) net.Listener { return tls.NewListener(l, serverTLS()) }))},
		{Name: "unix", Open: openUnix},
		{Name: "embedding", Open: openEmbedding},
		{Name: "memory", NoHalfClose: true, NoQueue: true, Open: openMemory},
	}
}

// Over makes the server listen on a carrier. [Server.Dial] and [Server.Client] reach it there; its Addr is the listener's.
func Over(c Carrier) Option {
	return func(s *Server) {
		s.carrier = c
		if c.TLS != nil {
			s.srv.TLS = https.Config(c.TLS)
		}
	}
}

// overMemory is the carrier of InMemory.
func overMemory(link ...Link) Carrier {
	return Carrier{Name: "memory", Open: func(testing.TB) (net.Listener, DialFunc) {
		l := Listen(link...)
		return l, memoryDialer(l)
	}}
}

func memoryDialer(l *Listener) DialFunc {
	return func(ctx context.Context) (net.Conn, error) { return l.DialContext(ctx, "", "") }
}

func openMemory(testing.TB) (net.Listener, DialFunc) {
	l := Listen()
	return Bare(l), memoryDialer(l)
}

// openTCP opens a port of the loopback interface. The server gets what wrap makes of the listener.
func openTCP(wrap func(*net.TCPListener) net.Listener) func(testing.TB) (net.Listener, DialFunc) {
	return func(t testing.TB) (net.Listener, DialFunc) {
		t.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return wrap(l.(*net.TCPListener)), dialer(l.Addr())
	}
}

func openEmbedding(t testing.TB) (net.Listener, DialFunc) {
	t.Helper()
	l, dial := openTCP(func(l *net.TCPListener) net.Listener { return &embeddingListener{l} })(t)
	return l, dialEmbedding(dial)
}

func dialer(to net.Addr) DialFunc {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, to.Network(), to.String())
	}
}

// openUnix opens a socket in a directory of its own: t.TempDir's paths can be longer than a socket's may be.
func openUnix(t testing.TB) (net.Listener, DialFunc) {
	t.Helper()
	dir, err := os.MkdirTemp("", "servertest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	return l, dialer(l.Addr())
}
