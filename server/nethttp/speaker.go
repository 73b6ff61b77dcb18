// The HTTP/2 server of golang.org/x/net, in the two forms that it has: with an implementation of its own, or, from Go 1.27 on,
// around that of net/http. Either serves connections that net/http has not accepted.

//lint:file-ignore SA1019 net/http's own HTTP/2 server cannot be had without its HTTP/1, and programs in use call what is deprecated

package nethttp

import (
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"reflect"

	"golang.org/x/net/http2"

	"github.com/spillway-go/spillway/conn"
)

// makeSpeaker returns an http.Server that has the configuration of h, for an HTTP/2 server to look at. It never listens, and
// its Shutdown ends the HTTP/2 connections alone. It is not h, because an HTTP/2 server has a connection without TLS only with
// what had been received early before it, and would tell ConnState of that one, which nobody knows. A quiet one does not log
// what clients do wrong.
func makeSpeaker(h *http.Server, quiet bool) *http.Server {
	speaker := new(http.Server)
	from, to := reflect.ValueOf(h).Elem(), reflect.ValueOf(speaker).Elem()
	for i := range to.NumField() { // those of later versions of Go too
		if f := to.Type().Field(i); f.IsExported() && f.Name != "ErrorLog" { // which is looked at when there is something to log
			to.Field(i).Set(from.Field(i))
		}
	}
	speaker.TLSNextProto = nil
	speaker.ErrorLog = log.New(speakerLog{h, quiet}, "", 0)
	if tell := h.ConnState; tell != nil {
		speaker.ConnState = func(nc net.Conn, s http.ConnState) {
			if w, ok := nc.(withoutTLS); ok {
				w.known.tellState(s)
				return
			}
			tell(nc, s)
		}
	}
	return speaker
}

// withoutTLS is a connection that speaks HTTP/2 without TLS.
type withoutTLS struct {
	*conn.Hijacked
	known *connection
}

// UnencryptedNetConn is what HTTP/2 servers look for in TLSNextProto's argument.
func (w withoutTLS) UnencryptedNetConn() net.Conn { return w }

// speak returns entries of TLSNextProto that serve HTTP/2 as the speaker says, with TLS and without. The speaker's TLSConfig
// is then fit for it.
func speak(speaker *http.Server) (map[string]protoServer, error) {
	h2 := new(http2.Server)
	if err := http2.ConfigureServer(speaker, h2); err != nil {
		return nil, err
	}
	entries := speaker.TLSNextProto
	if entries[protoHTTP2] == nil {
		return nil, speaker.ServeTLS(nil, "", "") // which says why, before it looks at the listener
	}
	if entries[keyH2C] == nil { // it is around net/http's, which does not serve these
		entries = map[string]protoServer{protoHTTP2: around(h2, speaker), keyH2C: around(h2, speaker)}
	}
	return entries, nil
}

// around returns an entry of TLSNextProto that lets an HTTP/2 server serve connections, with TLS or without.
func around(h2 *http2.Server, speaker *http.Server) protoServer {
	return func(_ *http.Server, t *tls.Conn, handler http.Handler) {
		var nc net.Conn = t
		w, without := t.NetConn().(withoutTLS)
		if without {
			nc = w
		}
		opts := &http2.ServeConnOpts{Handler: handler, SawClientPreface: without}
		if h, ok := handler.(alpnHandler); ok {
			opts.Context = h.BaseContext()
		}
		h2.ServeConn(nc, opts)
	}
}

// usable returns an error if an entry of TLSNextProto, which the program has made, is only a mark: that HTTP/2 is configured
// in a way which is net/http's own secret.
func usable(entry protoServer) error {
	mark := new(http.Server)
	if err := http2.ConfigureServer(mark, nil); err != nil || mark.TLSNextProto[keyH2C] != nil {
		return nil // they are no marks
	}
	if reflect.ValueOf(mark.TLSNextProto[protoHTTP2]).Pointer() != reflect.ValueOf(entry).Pointer() {
		return nil
	}
	return errors.New("nethttp: the http.Server was given to http2.ConfigureServer, which from Go 1.27 on only net/http can follow; " +
		"leave it out, and configure HTTP/2 with the http.Server's HTTP2 field")
}
