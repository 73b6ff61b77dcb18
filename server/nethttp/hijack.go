// A handler may take the connection over, as net/http lets it: at any time, with what has been received already.

package nethttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// bufferBytes is the size of the buffers that a hijacker gets.
const bufferBytes = 4 << 10

// Hijack takes the connection over.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	switch {
	case x.done.Load():
		panic("nethttp: Hijack called after ServeHTTP finished")
	case x.hijacked:
		return nil, nil, http.ErrHijacked
	}
	if x.wrote && !x.sent {
		x.complete(nil)
	}
	taken, err := x.native.Hijack()
	if err != nil {
		return nil, nil, err
	}
	x.mu.Lock()
	x.hijacked = true
	x.mu.Unlock()
	if x.content != nil {
		x.content.closed.Store(true)
	}
	x.conn.tellState(http.StateHijacked)
	nc, early := taken.Conn, taken.Early
	if x.conn.tls == nil && ProxyHeader(&x.request) != nil { // a socket knows its balancer's address alone
		nc, taken.Early = taken, nil
	}
	return nc, buffered(nc, early), nil
}

// buffered returns a reader, in whose buffer stands what was received early, and a writer.
func buffered(nc net.Conn, early []byte) *bufio.ReadWriter {
	r := bufio.NewReaderSize(&prefixed{nc, early}, max(bufferBytes, len(early)))
	r.Peek(len(early))
	return bufio.NewReadWriter(r, bufio.NewWriterSize(nc, bufferBytes))
}

// prefixed is a connection with something to be read before it.
type prefixed struct {
	io.Reader
	early []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if p.early == nil {
		return p.Reader.Read(b)
	}
	n := copy(b, p.early)
	if p.early = p.early[n:]; len(p.early) == 0 {
		p.early = nil
	}
	return n, nil
}
