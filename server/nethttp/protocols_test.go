// HTTP/2 behind the one changed line: with TLS and without, and what the fields of an http.Server say of it.

//lint:file-ignore SA1019 net/http's own HTTP/2 server cannot be had without its HTTP/1, and programs in use call what is deprecated

package nethttp_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"

	"github.com/spillway-go/spillway/server/nethttp"
)

// only returns a set of protocols.
func only(set ...func(*http.Protocols, bool)) *http.Protocols {
	p := new(http.Protocols)
	for _, s := range set {
		s(p, true)
	}
	return p
}

var (
	withHTTP1 = (*http.Protocols).SetHTTP1
	withHTTP2 = (*http.Protocols).SetHTTP2
	withH2C   = (*http.Protocols).SetUnencryptedHTTP2
)

// servers are net/http's and this package's, as a test needs them.
type anyServer interface {
	Serve(net.Listener) error
	ServeTLS(l net.Listener, certFile, keyFile string) error
	Shutdown(context.Context) error
	Close() error
}

var servers = map[string]func(*http.Server) anyServer{
	"net/http": func(h *http.Server) anyServer { return h },
	"spillway": func(h *http.Server) anyServer { return nethttp.New(h) },
}

// listen returns a listener whose address is that of a TCP port.
func listen(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// clients are those of each protocol, by name.
var clients = map[string]*http.Protocols{"HTTP/1": only(withHTTP1), "HTTP/2": only(withHTTP2), "h2c": only(withH2C)}

// whoSpeaks tries each client on a server, and returns what each was answered, or that it failed.
func whoSpeaks(t *testing.T, srv anyServer, overTLS bool) map[string]string {
	l, url := listen(t), "http://"
	serve := srv.Serve
	if overTLS {
		url = "https://"
		serve = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(l) }()
	answers := make(map[string]string)
	for name, protocols := range clients {
		if overTLS && name == "h2c" || !overTLS && name == "HTTP/2" {
			continue
		}
		transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
		res, err := client.Post(url+l.Addr().String()+"/a?b", "text/plain", strings.NewReader("content"))
		if err != nil {
			answers[name] = "failed"
			continue
		}
		content, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		answers[name] = fmt.Sprint(res.StatusCode, " ", string(content))
		transport.CloseIdleConnections()
	}
	if err := srv.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-ended; err != http.ErrServerClosed {
		answers["Serve"] = err.Error()
	}
	return answers
}

// tells answers with what a handler sees of the protocol.
func tells(w http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(r.Body)
	ctx := r.Context()
	fmt.Fprint(w, r.Proto, " ", r.URL, " ", r.TLS != nil, " ", r.RemoteAddr != "", " ", string(content), " ",
		ctx.Value(http.ServerContextKey) != nil, " ", ctx.Value(http.LocalAddrContextKey) != nil)
}

// configured returns what calls http2.ConfigureServer for a program; or nil, from Go 1.27 on, where that keeps to itself what it
// has done, after it has tested that Serve says so.
func configured(t *testing.T) func(*http.Server) {
	configure := func(h *http.Server) {
		if err := http2.ConfigureServer(h, &http2.Server{MaxConcurrentStreams: 7}); err != nil {
			t.Error(err)
		}
	}
	h := new(http.Server)
	configure(h)
	if h.TLSNextProto["unencrypted_http2"] != nil {
		return configure
	}
	if err := nethttp.New(h).Serve(listen(t)); err == nil || !strings.Contains(err.Error(), "http2.ConfigureServer") {
		t.Errorf("Serve: %v", err)
	}
	return nil
}

// Each setting of an http.Server lets the same clients in as net/http's server does, and shows the handler the same.
func TestProtocols(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*http.Server)
	}{
		{"nothing set", func(*http.Server) {}},
		{"TLSNextProto empty", func(h *http.Server) { h.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} }},
		{"HTTP/1 only", func(h *http.Server) { h.Protocols = only(withHTTP1) }},
		{"HTTP/2 only", func(h *http.Server) { h.Protocols = only(withHTTP2) }},
		{"both", func(h *http.Server) { h.Protocols = only(withHTTP1, withHTTP2) }},
		{"both, and without TLS", func(h *http.Server) { h.Protocols = only(withHTTP1, withHTTP2, withH2C) }},
		{"h2c only", func(h *http.Server) { h.Protocols = only(withH2C) }},
		{"both, though TLSNextProto is empty", func(h *http.Server) {
			h.Protocols = only(withHTTP1, withHTTP2)
			h.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}},
		{"configured by the program", configured(t)},
	} {
		if c.set == nil {
			continue
		}
		for _, overTLS := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/TLS %t", c.name, overTLS), func(t *testing.T) {
				got := make(map[string]map[string]string)
				for name, of := range servers {
					h := &http.Server{Handler: http.HandlerFunc(tells), TLSConfig: certificate(t), ErrorLog: new(logLines).logger()}
					c.set(h)
					got[name] = whoSpeaks(t, of(h), overTLS)
				}
				if diff := cmp.Diff(got["net/http"], got["spillway"]); diff != "" {
					t.Error(diff)
				}
				t.Log(got["spillway"])
			})
		}
	}
}

// A configuration with which HTTP/2 cannot be served is an error from Serve, in net/http's words.
func TestSuitesWithoutHTTP2s(t *testing.T) {
	got := make(map[string]string)
	for name, of := range servers {
		h := &http.Server{TLSConfig: certificate(t), Protocols: only(withHTTP1, withHTTP2)}
		h.TLSConfig.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}
		h.TLSConfig.NextProtos = []string{"h2"}
		srv := of(h)
		got[name] = fmt.Sprint(srv.ServeTLS(listen(t), "", ""), "; ", srv.Serve(listen(t)))
		srv.Close()
	}
	if got["spillway"] != got["net/http"] || !strings.Contains(got["spillway"], "CipherSuites") {
		t.Errorf("%q", got)
	}
}

// h2c.NewHandler serves clients that know, and those that upgrade, where the server itself speaks HTTP/1 only.
func TestH2CHandler(t *testing.T) {
	for name, of := range servers {
		t.Run(name, func(t *testing.T) {
			h := &http.Server{Handler: h2c.NewHandler(http.HandlerFunc(tells), &http2.Server{})}
			answers := whoSpeaks(t, of(h), false)
			for client, want := range map[string]string{"HTTP/1": "200 HTTP/1.1 /a?b", "h2c": "200 HTTP/2.0 /a?b"} {
				if !strings.HasPrefix(answers[client], want) {
					t.Errorf("%s: %q", client, answers[client])
				}
			}
			l := listen(t)
			srv := of(&http.Server{Handler: h.Handler})
			go srv.Serve(l)
			defer srv.Close()
			nc, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			io.WriteString(nc, "GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"+
				"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n")
			r := bufio.NewReader(nc)
			if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 101 {
				t.Fatalf("%v, %v", res, err)
			}
			io.WriteString(nc, http2.ClientPreface)
			framer := http2.NewFramer(nc, r)
			if err := framer.WriteSettings(); err != nil {
				t.Fatal(err)
			}
			for {
				frame, err := framer.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				if data, ok := frame.(*http2.DataFrame); ok {
					if !bytes.Contains(data.Data(), []byte(" /up ")) { // behind HTTP/1.1, or from Go 1.27 on HTTP/2.0
						t.Errorf("%q", data.Data())
					}
					break
				}
			}
		})
	}
}

// A preface that nobody takes is a request like another, and the last: no byte behind it is one.
func TestAPrefaceThatNobodyTakes(t *testing.T) {
	asked := make(chan string, 9)
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Proto, " ", r.ProtoMajor, r.ProtoMinor, " ", r.URL.Path, " ", r.Close)
	})}
	l := serveIn(t, nethttp.New(h))
	nc, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, http2.ClientPreface+get)
	got, err := io.ReadAll(nc)
	if err != nil || strings.Count(string(got), "HTTP/1.") != 1 || !strings.HasPrefix(string(got), "HTTP/1.1 200") {
		t.Errorf("%q, %v", got, err)
	}
	if got := <-asked; got != "PRI * HTTP/2.0 2 0 * true" || len(asked) != 0 {
		t.Errorf("%s, and %d more", got, len(asked))
	}
}

// A client that does not finish its preface is cut.
func TestABrokenPreface(t *testing.T) {
	for _, preface := range []string{"PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"} {
		h := &http.Server{Protocols: only(withHTTP1, withH2C), Handler: http.HandlerFunc(hello)}
		l := serveIn(t, nethttp.New(h))
		nc, err := l.Dial()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(nc, preface)
		if got, err := io.ReadAll(nc); err != nil || len(got) != 0 {
			t.Errorf("%q: %q, %v", preface, got, err)
		}
		nc.Close()
	}
}
