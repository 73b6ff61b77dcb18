// HTTP/2 connections end when the server is told to keep none, and are served as the http.Server's HTTP2 field says.

package nethttp_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
)

// An idle HTTP/2 connection ends with the http.Server, whose Shutdown and Close others may call; and without keep-alives it ends
// behind its next response.
func TestHTTP2ConnectionsAreToldToEnd(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *nethttp.Server, *http.Client, string){
		"Shutdown": func(t *testing.T, s *nethttp.Server, _ *http.Client, _ string) { s.HTTPServer().Shutdown(t.Context()) },
		"Close":    func(_ *testing.T, s *nethttp.Server, _ *http.Client, _ string) { s.HTTPServer().Close() },
		"SetKeepAlivesEnabled": func(t *testing.T, s *nethttp.Server, client *http.Client, url string) {
			s.SetKeepAlivesEnabled(false)
			getWhole(t, client, url)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, overTLS bool) {
				ends := make(chan server.Reason, 9)
				srv, client, url := startHTTP2(t, &http.Server{Handler: http.HandlerFunc(tells)}, overTLS, func(s *nethttp.Server) {
					s.Trace = func(e server.Event) {
						if e.Kind == server.EventClosed {
							ends <- e.Reason
						}
					}
				})
				getWhole(t, client, url)
				end(t, srv, client, url)
				select {
				case reason := <-ends:
					if reason != server.ReasonOtherProtocol {
						t.Errorf("ended: %v", reason)
					}
				case <-time.After(20 * time.Second):
					t.Error("the connection goes on")
				}
			})
		})
	}
}

// Close ends the streams that are running: their contexts are cancelled.
func TestCloseEndsStreams(t *testing.T) {
	bothWays(t, func(t *testing.T, overTLS bool) {
		running, ended := make(chan bool), make(chan error, 1)
		srv, client, url := startHTTP2(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(running)
			<-r.Context().Done()
			ended <- r.Context().Err()
		})}, overTLS, nil)
		failed := make(chan error, 1)
		go func() {
			_, err := client.Get(url)
			failed <- err
		}()
		<-running
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil || <-failed == nil {
			t.Errorf("the context: %v", err)
		}
	})
}

// What the HTTP2 field says reaches the client in the first SETTINGS frame, as from net/http.
func TestHTTP2Settings(t *testing.T) {
	bothWays(t, func(t *testing.T, overTLS bool) {
		got := make(map[string]map[http2.SettingID]uint32)
		for name, of := range servers {
			h := &http.Server{
				TLSConfig: certificate(t), Protocols: only(withHTTP1, withHTTP2, withH2C), MaxHeaderBytes: 12345,
				HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: 7, MaxReadFrameSize: 1 << 17, MaxReceiveBufferPerStream: 1 << 18},
				ConnState: func(net.Conn, http.ConnState) {},
			}
			got[name] = firstSettings(t, of(h), overTLS)
			delete(got[name], http2.SettingNoRFC7540Priorities) // net/http's HTTP/2 may be older than golang.org/x/net's
		}
		if diff := cmp.Diff(got["net/http"], got["spillway"]); diff != "" || got["spillway"][http2.SettingMaxConcurrentStreams] != 7 {
			t.Errorf("%s\n%v", diff, got)
		}
	})
}

// firstSettings returns what a server says of itself.
func firstSettings(t *testing.T, srv anyServer, overTLS bool) map[http2.SettingID]uint32 {
	l := listen(t)
	ended := make(chan error, 1)
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		nc.Close()
		srv.Close()
		<-ended
	}()
	if overTLS {
		go func() { ended <- srv.ServeTLS(l, "", "") }()
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	} else {
		go func() { ended <- srv.Serve(l) }()
	}
	if _, err := io.Copy(nc, strings.NewReader(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(nc, nc)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	frame, err := framer.ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	settings := make(map[http2.SettingID]uint32)
	frame.(*http2.SettingsFrame).ForeachSetting(func(s http2.Setting) error {
		settings[s.ID] = s.Val
		return nil
	})
	return settings
}

// A server may be told to end while it begins to serve.
func TestEndsBesideTheBeginning(t *testing.T) {
	for range 20 {
		srv := nethttp.New(&http.Server{Handler: http.HandlerFunc(hello)})
		ended := make(chan error, 1)
		l := listen(t)
		go func() { ended <- srv.Serve(l) }()
		srv.SetKeepAlivesEnabled(false)
		srv.HTTPServer().Close()
		srv.Close()
		if err := <-ended; err != http.ErrServerClosed {
			t.Error(err)
		}
	}
}

// Programs set the ErrorLog of a server that serves already: it is not looked at before there is something to log.
func TestTheErrorLogIsReadLate(t *testing.T) {
	h := &http.Server{Handler: http.HandlerFunc(hello), TLSConfig: certificate(t)}
	nc := dial(t, tlsEngine{nethttp.New(h)})
	h.ErrorLog = new(logLines).logger()
	secure := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err := secure.Handshake(); err != nil {
		t.Error(err)
	}
}
