// Handlers that speak HTTP for others, beside httputil.ReverseProxy: a forward proxy, net/rpc, net/http/cgi, and
// httputil.DumpRequest, which writes the request down as a proxy would send it.

package ecosystem

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httputil"
	"net/rpc"
	"net/url"
	"os"
	"strings"
	"testing"
)

// forward is a forward proxy: it opens tunnels for CONNECT, and passes other requests on to where their target says.
func forward(t *testing.T) http.Handler {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	pass := &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, Transport: transport, ErrorLog: quiet}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "CONNECT" {
			pass.ServeHTTP(w, r)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		defer there.Close()
		w.WriteHeader(http.StatusOK)
		here, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		done := make(chan bool)
		go func() {
			defer close(done)
			io.Copy(there, both)
			there.(*net.TCPConn).CloseWrite()
		}()
		io.Copy(here, there)
		here.(*net.TCPConn).CloseWrite()
		<-done
	})
}

// An http.Client that uses the proxy reaches plain servers, those with TLS, and is told of those that do not exist.
func TestForwardProxy(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, r.Method, r.RequestURI, n, err)
	})
	got := sameOnEach(t, func(t *testing.T, e engine) []string {
		plain, secure, proxy := e.start(t, echo), startSecure(t, e, echo), e.start(t, forward(t))
		at, _ := url.Parse(proxy.URL)
		transport := secure.Client.Transport.(*http.Transport)
		transport.Proxy = http.ProxyURL(at)
		var said []string
		for _, target := range []string{plain.URL, secure.URL, "https://127.0.0.1:1"} {
			for range 2 {
				res, err := secure.Client.Post(target+"/x?y", "text/plain", io.LimitReader(endless{}, 300e3))
				if err != nil {
					said = append(said, err.Error())
					continue
				}
				said = append(said, read(res).Body)
			}
		}
		return said
	})
	for i, want := range []string{"POST/x?y300000 <nil>", "POST/x?y300000 <nil>", "Bad Gateway"} {
		if !strings.Contains(got[2*i], want) || got[2*i] != got[2*i+1] {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// arith is a service of net/rpc.
type arith struct{}

func (arith) Double(n int, twice *int) error {
	*twice = 2 * n
	return nil
}

// A net/rpc server takes its connection over. But its client's CONNECT ends its lines with bare LF, and has a path for a
// target: the rows "line ends" and "form of the target" of the table of differences. A client that writes HTTP is served.
func TestRPC(t *testing.T) {
	serve := func() http.Handler {
		srv := rpc.NewServer()
		if err := srv.RegisterName("Arith", arith{}); err != nil {
			t.Fatal(err)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nc, both, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rpc\r\n\r\n")
			srv.ServeConn(struct {
				io.Reader
				io.WriteCloser
			}{both, nc})
		})
	}
	got := sameOutcome(t, serve, func(t *testing.T, s site) int {
		w := wireTo(t, s)
		w.say("GET /rpc HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: rpc\r\n\r\n")
		w.response("GET")
		client := rpc.NewClient(struct {
			io.Reader
			io.WriteCloser
		}{w.r, w.Conn})
		defer client.Close()
		n := 21
		for range 3 {
			if err := client.Call("Arith.Double", n, &n); err != nil {
				t.Error(err)
			}
		}
		return n
	})
	if got != 168 {
		t.Error(got)
	}
	if _, err := rpc.DialHTTP("tcp", spillway.start(t, rpc.NewServer()).Addr); err == nil {
		t.Error("DialHTTP succeeds: the comment above and the table of differences say otherwise")
	}
}

// An rpc.Server that is given the CONNECT itself, as its HandleHTTP's pattern cannot, is spoken to by a client that names host
// and port: what the table of differences advises.
func TestRPCBehindConnect(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		srv := rpc.NewServer()
		if err := srv.RegisterName("Arith", arith{}); err != nil {
			t.Fatal(err)
		}
		return srv
	}, func(t *testing.T, s site) int {
		w := wireTo(t, s)
		w.say("CONNECT " + s.Addr + " HTTP/1.1\r\nHost: " + s.Addr + "\r\n\r\n")
		if res := w.response("CONNECT"); res.StatusCode != 200 {
			t.Fatal(res.Status)
		}
		client := rpc.NewClient(struct {
			io.Reader
			io.WriteCloser
		}{w.r, w.Conn})
		defer client.Close()
		n := 21
		if err := client.Call("Arith.Double", n, &n); err != nil {
			t.Error(err)
		}
		return n
	})
	if got != 42 {
		t.Error(got)
	}
}

const cgiEnv = "SPILLWAY_ECOSYSTEM_CGI"

// TestCGIProcess is no test: it is the program that TestCGI runs for each request.
func TestCGIProcess(t *testing.T) {
	if os.Getenv(cgiEnv) == "" {
		t.SkipNow()
	}
	cgi.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Query", r.URL.RawQuery)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, r.Method, r.URL.Path, n, err)
	}))
	os.Exit(0)
}

// A CGI program gets its request, with its content, and answers.
func TestCGI(t *testing.T) {
	got := sameOutcome(t, func() http.Handler {
		return &cgi.Handler{Path: os.Args[0], Args: []string{"-test.run=^TestCGIProcess$"}, Root: "/", Logger: quiet,
			Env: []string{cgiEnv + "=1", "GORACE=atexit_sleep_ms=0"}}
	}, func(t *testing.T, s site) []answer {
		req, _ := http.NewRequest("POST", s.URL+"/a?b=c", strings.NewReader(strings.Repeat("x", 100e3)))
		return []answer{fetch(t, s, req), get(t, s, "/d")}
	})
	if got[0].Status != 201 || got[0].Body != "POST/a100000 <nil>" || got[1].Header.Get("X-Query") != "" {
		t.Errorf("%+v", got)
	}
}

func TestDumpRequest(t *testing.T) {
	dump := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := httputil.DumpRequest(r, true)
		rest, readErr := io.ReadAll(r.Body) // DumpRequest has put it back
		fmt.Fprintf(w, "%s\n%v\n%s %v", text, err, rest, readErr)
	})
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nA: 2\r\nb: 3\r\n\r\n",
		"GET http://b/x?y=%zz HTTP/1.1\r\nHost: b\r\nUser-Agent: me\r\n\r\n",
		"POST /%41?;a HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
		"POST // HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n",
		"OPTIONS /a/../b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	} {
		got := sameOnEach(t, func(t *testing.T, e engine) string {
			w := wireTo(t, e.start(t, dump))
			w.say(request)
			return read(w.response("GET")).Body
		})
		if !strings.Contains(got, "<nil>") {
			t.Errorf("%q", got)
		}
	}
}
