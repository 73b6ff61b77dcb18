// Connections that speak HTTP/2: they are the server's like any other.

package nethttp_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/nethttp"
)

// startHTTP2 starts a server, with TLS or without, and returns it with a client and the URL.
func startHTTP2(t *testing.T, h *http.Server, overTLS bool, set func(*nethttp.Server)) (*nethttp.Server, *http.Client, string) {
	h.TLSConfig = certificate(t)
	h.Protocols = only(withHTTP1, withHTTP2, withH2C)
	srv := nethttp.New(h)
	if set != nil {
		set(srv)
	}
	l := listen(t)
	ended := make(chan error, 1)
	url, protocols := "http://"+l.Addr().String(), only(withH2C)
	if overTLS {
		url, protocols = "https://"+l.Addr().String(), only(withHTTP2)
		go func() { ended <- srv.ServeTLS(l, "", "") }()
	} else {
		go func() { ended <- srv.Serve(l) }()
	}
	transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
		if err := <-ended; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return srv, &http.Client{Transport: transport, Timeout: 30 * time.Second}, url
}

// getWhole gets a response and reads it to its end.
func getWhole(t *testing.T, client *http.Client, url string) {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Error(err)
	}
}

// bothWays runs a test with TLS and without.
func bothWays(t *testing.T, test func(t *testing.T, overTLS bool)) {
	for _, overTLS := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %t", overTLS), func(t *testing.T) { test(t, overTLS) })
	}
}

// An HTTP/2 connection is the server's like any other: it is counted, Shutdown waits for its streams, and the reason for its
// end is told.
func TestHTTP2ConnectionsAreTheServers(t *testing.T) {
	bothWays(t, func(t *testing.T, overTLS bool) {
		running, release := make(chan bool), make(chan bool)
		h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(running)
			<-release
			io.WriteString(w, "whole")
		})}
		ends := make(chan server.Reason, 1)
		srv, client, url := startHTTP2(t, h, overTLS, func(s *nethttp.Server) {
			s.Trace = func(e server.Event) {
				if e.Kind == server.EventClosed {
					ends <- e.Reason
				}
			}
		})
		listeningEnded := make(chan bool)
		srv.RegisterOnShutdown(func() { close(listeningEnded) })
		answer := make(chan string, 1)
		go func() {
			res, err := client.Get(url)
			if err != nil {
				answer <- err.Error()
				return
			}
			content, err := io.ReadAll(res.Body)
			answer <- fmt.Sprint(res.Proto, " ", string(content), " ", err)
		}()
		<-running
		if got := srv.Stats(); got.Open != 1 || got.Idle != 0 {
			t.Errorf("%d connections, %d idle", got.Open, got.Idle)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- srv.Shutdown(t.Context()) }()
		<-listeningEnded
		select {
		case err := <-stopped:
			t.Errorf("Shutdown did not wait: %v", err)
		default:
		}
		close(release)
		if got := <-answer; got != "HTTP/2.0 whole <nil>" {
			t.Error(got)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if reason := <-ends; reason != server.ReasonOtherProtocol {
			t.Errorf("ended: %v", reason)
		}
	})
}

// MaxConns counts them too: where one has the only place, another client waits until it is free.
func TestHTTP2ConnectionsHaveAPlace(t *testing.T) {
	bothWays(t, func(t *testing.T, overTLS bool) {
		_, client, url := startHTTP2(t, &http.Server{Handler: http.HandlerFunc(tells)}, overTLS, func(s *nethttp.Server) { s.MaxConns = 1 })
		getWhole(t, client, url)
		nc, err := net.Dial("tcp", strings.SplitN(url, "//", 2)[1])
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		got := make(chan error, 1)
		go func() {
			if overTLS {
				nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
			}
			io.WriteString(nc, get)
			_, err := nc.Read(make([]byte, 1))
			got <- err
		}()
		for range 3 { // the first client is served in the meantime
			getWhole(t, client, url)
		}
		select {
		case err := <-got:
			t.Errorf("the second client was served: %v", err)
		default:
		}
		client.CloseIdleConnections()
		if err := <-got; err != nil {
			t.Errorf("the second client: %v", err)
		}
	})
}

// The ConnState hook is told of the connection that it was told is new.
func TestHTTP2States(t *testing.T) {
	bothWays(t, func(t *testing.T, overTLS bool) {
		var mu sync.Mutex
		states := make(map[net.Conn][]http.ConnState)
		closed := make(chan bool, 2)
		h := &http.Server{Handler: http.HandlerFunc(tells), ConnState: func(nc net.Conn, s http.ConnState) {
			mu.Lock()
			states[nc] = append(states[nc], s)
			mu.Unlock()
			if s == http.StateClosed {
				closed <- true
			}
		}}
		_, client, url := startHTTP2(t, h, overTLS, nil)
		getWhole(t, client, url)
		client.CloseIdleConnections()
		<-closed
		mu.Lock()
		defer mu.Unlock()
		for _, told := range states {
			told = slices.Compact(told)
			if told[0] != http.StateNew || told[len(told)-1] != http.StateClosed || !slices.Contains(told, http.StateIdle) || len(states) != 1 {
				t.Errorf("%v", states)
			}
		}
	})
}

// An HTTP/2 connection that has served its last request, or is old, says so: the client's next request comes on another.
func TestLimitsOfAnHTTP2Connection(t *testing.T) {
	for name, c := range map[string]struct {
		limits server.Limits
		used   int // connections for four requests; the client may open others that it has no use for
	}{
		"MaxRequests 1": {server.Limits{MaxRequests: 1}, 4},
		"MaxRequests 2": {server.Limits{MaxRequests: 2}, 2},
		"MaxRequests 4": {server.Limits{MaxRequests: 4}, 1},
		"MaxAge":        {server.Limits{MaxAge: 100 * time.Millisecond}, 2}, // a request that comes to an old connection is its last
		"none":          {server.Limits{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, overTLS bool) {
				var used sync.Map
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					used.Store(r.RemoteAddr, true)
					time.Sleep(c.limits.MaxAge) // so that the next request finds its connection old
					hello(w, r)
				})
				srv, client, url := startHTTP2(t, &http.Server{Handler: h}, overTLS, func(s *nethttp.Server) { s.Limits = c.limits })
				for range 4 {
					getWhole(t, client, url)
				}
				n := 0
				used.Range(func(_, _ any) bool { n++; return true })
				if s := srv.Stats(); n != c.used || s.Exchanges != 4 {
					t.Errorf("%d connections of %d, %d exchanges", n, s.Accepted, s.Exchanges)
				}
			})
		})
	}
}
