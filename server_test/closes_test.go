// A response always arrives: whatever the client is still sending when the server has made up its mind.

package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spillway-go/spillway/conn"
	"github.com/spillway-go/spillway/server"
)

// liveEarly are requests that are answered before their content is read. The %d is the content's length.
var liveEarly = []struct {
	name   string
	head   string
	status int
}{
	{"rejected", "POST /reject?max=4096 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 413},
	{"ignored", "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"panic", "POST /fail HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 500},
	{"bytes", "POST /bytes?n=300000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"bad request line", "POST /ignore  HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 400},
	{"connection close", "POST /ignore HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", 200},
}

// liveRudeEarly are the ways of refusing that servers tend to forget.
var liveRudeEarly = []struct {
	name   string
	head   string
	status int
}{
	{"unknown coding", "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nX: %d\r\n\r\n", 501},
	{"two framings", "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n", 400},
	{"strange expectation", "POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: %d\r\n\r\n", 417},
	{"sent before the 100", "POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", 200},
	{"long target", "POST /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 414},
	{"large head", "POST / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 70<<10) + "\r\nContent-Length: %d\r\n\r\n", 431},
	{"HTTP/1.0", "POST /ignore HTTP/1.0\r\nContent-Length: %d\r\n\r\n", 200},
	{"partly read", "POST /partial?n=1000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nX: %d\r\n\r\n", 404},
	{"HEAD", "HEAD /bytes?n=300000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 200},
	{"not HTTP", "\x16\x03\x01%d\r\n\r\n", 400},
}

// A client that writes all of its request before it reads anything gets the response whole, meets no reset and no broken
// pipe, and sees the stream end cleanly.
func TestEarlyAnswerIsReadAfterAllIsWritten(t *testing.T) {
	for _, size := range []int64{1e6, 10e6, 100e6} {
		times := 20
		if size > 10e6 && !liveLong {
			times = 3
		}
		for _, early := range liveEarly {
			t.Run(fmt.Sprintf("%s/%dMB", early.name, size/1e6), func(t *testing.T) {
				liveClean(t)
				live := liveServe(t, &server.Server{})
				var took []time.Duration
				for range times {
					began := time.Now()
					c := liveDial(t, live.addr)
					liveWriteThenRead(c, early.head, early.status, size)
					took = append(took, time.Since(began))
				}
				liveWantNoHaste(t, live, times)
				median, most := liveMedian(took)
				t.Logf("%d × %d MB: 0 resets; median %v, most %v", times, size/1e6, median, most)
			})
		}
	}
}

func TestEveryRefusalIsReadAfterAllIsWritten(t *testing.T) {
	for _, early := range liveRudeEarly {
		t.Run(early.name, func(t *testing.T) {
			liveClean(t)
			live := liveServe(t, &server.Server{})
			for range 5 {
				liveWriteThenRead(liveDial(t, live.addr), early.head, early.status, 5e6)
			}
			liveWantNoHaste(t, live, 5)
		})
	}
}

func liveWriteThenRead(c *liveClient, head string, status int, size int64) {
	c.Helper()
	c.send(size, head, size)
	method, _, _ := strings.Cut(head, " ")
	res := c.wantAnswer(method, status, "")
	if !res.Close {
		c.Errorf("the response does not say Connection: close")
	}
	c.wantEnd()
	c.Close()
}

// liveWantNoHaste checks that every connection ended because its client had closed, and not before.
func liveWantNoHaste(t *testing.T, live *liveServer, n int) {
	t.Helper()
	for _, e := range live.waitEvents(t, int(conn.Closed), n, 2*time.Second) {
		if e.Verdict != conn.Linger {
			t.Errorf("connection %d ended with %v (%v)", e.Conn, e.Verdict, e.Reason)
		}
	}
}

// Under TLS the close_notify goes first, and what the client sends is thrown away without being decrypted.
func TestEarlyAnswerUnderTLS(t *testing.T) {
	liveClean(t)
	pair, pool := liveCertificate(t)
	live := liveServe(t, &server.Server{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}})
	for _, early := range append(liveEarly, liveRudeEarly...) {
		for _, size := range []int64{1e6, 10e6} {
			nc, err := tls.Dial("tcp", live.addr, &tls.Config{RootCAs: pool, ServerName: "localhost"})
			if err != nil {
				t.Fatal(err)
			}
			t.Run(fmt.Sprintf("%s/%dMB", early.name, size/1e6), func(t *testing.T) {
				liveWriteThenRead(liveOn(t, nc), early.head, early.status, size)
			})
		}
	}
}

// A Unix socket resets its peer too, when it is closed with something unread.
func TestEarlyAnswerOnUnixSocket(t *testing.T) {
	liveClean(t)
	path := filepath.Join(t.TempDir(), "s")
	l, err := server.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	live := liveServeOn(t, &server.Server{Limits: server.Limits{StallTimeout: time.Second}}, l)
	for _, early := range append(liveEarly, liveRudeEarly...) {
		t.Run(early.name, func(t *testing.T) {
			nc, err := net.Dial("unix", live.addr)
			if err != nil {
				t.Fatal(err)
			}
			liveWriteThenRead(liveOn(t, nc), early.head, early.status, 5e6)
		})
	}
}

func liveCertificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	what := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, what, what, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// A client that withholds the content until it has the answer is answered at once. Where the leftover then fits the
// drain budget, the connection serves the next request.
func TestAnswerDoesNotWaitForWithheldContent(t *testing.T) {
	for _, test := range []struct {
		path   string
		status int
		size   int64
		kept   bool
	}{
		{"/ignore", 200, 1000, true},
		{"/ignore", 200, 256 << 10, true},
		{"/ignore", 200, 256<<10 + 1, false},
		{"/reject?max=10", 413, 200e3, true},
		{"/reject?max=10", 413, 1e6, false},
		{"/fail", 500, 1000, true},
		{"/bytes?n=1000000", 200, 1000, true},
	} {
		t.Run(fmt.Sprintf("%s with %d bytes", test.path[1:], test.size), func(t *testing.T) {
			liveClean(t)
			live := liveServe(t, &server.Server{})
			c := liveDial(t, live.addr)
			began := time.Now()
			c.send(0, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", test.path, test.size)
			res := c.wantAnswer("POST", test.status, "")
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("answered after %v", took)
			}
			if res.Close == test.kept {
				t.Errorf("Connection: close is %v", res.Close)
			}
			time.Sleep(50 * time.Millisecond)
			c.send(test.size, "")
			if !test.kept {
				c.wantEnd()
				return
			}
			c.send(0, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
			c.wantAnswer("GET", 200, "Hello, World!")
		})
	}
}

// The same with Expect: the client is never told to continue. If it sends the content anyway, that is not taken for a
// request, and the connection ends in the lingering way.
func TestAnswerToWithheldContentWithExpect(t *testing.T) {
	liveClean(t)
	live := liveServe(t, &server.Server{})
	for _, sends := range []bool{false, true} {
		c := liveDial(t, live.addr)
		c.send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
		if res := c.wantAnswer("POST", 200, "ignored\n"); !res.Close {
			t.Error("the connection is kept, although nobody knows whether content will come")
		}
		if sends {
			c.send(1000, "")
		}
		c.wantEnd()
	}
}

// Both sides write before they read: 10 MB in each direction, and no deadlock.
func TestBothSidesWriteFirst(t *testing.T) {
	for _, size := range []int64{100e3, 10e6} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			liveClean(t)
			live := liveServe(t, &server.Server{Limits: server.Limits{StallTimeout: time.Second}})
			var took []time.Duration
			for range 3 {
				c := liveDial(t, live.addr)
				began := time.Now()
				c.send(size, "POST /bytes?n=10000000 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
				if _, content := c.answer("POST"); len(content) != 10e6 {
					t.Fatalf("%d bytes of content", len(content))
				}
				took = append(took, time.Since(began))
				c.Close()
			}
			median, most := liveMedian(took)
			t.Logf("median %v, most %v", median, most)
			if most > 3*time.Second {
				t.Errorf("took %v", most)
			}
		})
	}
}

// Shutdown waits for those that linger, within their time.
func TestShutdownWaitsForLingering(t *testing.T) {
	liveClean(t)
	live := liveServe(t, &server.Server{})
	c := liveDial(t, live.addr)
	c.send(0, "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
	c.wantAnswer("POST", 200, "ignored\n")
	ended := make(chan error, 1)
	go func() { ended <- live.Shutdown(context.Background()) }()
	time.Sleep(50 * time.Millisecond)
	c.send(1000000, "")
	c.wantEnd()
	c.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
