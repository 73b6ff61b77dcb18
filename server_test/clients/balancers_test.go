// Behind HAProxy and nginx that say in PROXY headers for whom they speak, with connections kept on both sides.

package clients_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-go/spillway/server"
	"github.com/spillway-go/spillway/server/https"
	"github.com/spillway-go/spillway/server/servertest"
	"github.com/spillway-go/spillway/server_test/internal/sockets"
)

// A balancer is a program with a configuration, in which %[1]s is a folder of its own, %[2]s the server and %[3]s where to listen.
type balancer struct {
	program string
	args    func(dir, config string) []string
	module  string // that must be there
	config  string
	overTLS bool // it passes its clients' TLS on
	id      bool // it sends an identifier as a TLV
}

// haproxyConfig keeps a server's connection for the client whose it is: by default HAProxy keeps as few as it thinks it needs.
const haproxyConfig = `
global
	nbthread 1
defaults
	timeout connect 5s
	timeout client 30s
	timeout server 30s
	%[4]s
frontend front
	bind %[3]s
	default_backend back
backend back
	http-reuse never
	server lab %[2]s check inter 100ms %[5]s
`

func haproxyArgs(_, config string) []string { return []string{"-db", "-f", config} }

const nginxStream = "/usr/lib/nginx/modules/ngx_stream_module.so"

var balancers = map[string]balancer{
	"HAProxy version 1": {program: "haproxy", args: haproxyArgs, config: haproxy("mode http", "send-proxy")},
	"HAProxy version 2": {program: "haproxy", args: haproxyArgs,
		config: haproxy("mode http", "send-proxy-v2 proxy-v2-options crc32c")},
	"HAProxy version 2 before TLS": {program: "haproxy", args: haproxyArgs, overTLS: true, id: true,
		config: haproxy("mode tcp\n\tunique-id-format %%ci-%%ts", "send-proxy-v2 proxy-v2-options unique-id,crc32c")},
	"nginx": {program: "nginx", module: nginxStream,
		args: func(dir, config string) []string { return []string{"-p", dir, "-e", dir + "/error.log", "-c", config} },
		config: `
load_module ` + nginxStream + `;
daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log warn;
events { worker_connections 64; }
stream { server { listen %[3]s; proxy_pass %[2]s; proxy_protocol on; proxy_half_close on; } }
`},
}

// haproxy returns a configuration with its default section's and its server's own words.
func haproxy(defaults, server string) string {
	return strings.NewReplacer("%[4]s", defaults, "%[5]s", server).Replace(haproxyConfig)
}

// start runs the balancer in front of a server until the test ends, and returns its address.
func (b *balancer) start(t *testing.T, upstream string) string {
	path := sockets.Program(t, b.program)
	if _, err := os.Stat(b.module); b.module != "" && err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		sockets.Unable(t, "%v", err)
	}
	dir, port := t.TempDir(), liveFreePort(t)
	os.Chmod(filepath.Dir(dir), 0o755)
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, fmt.Appendf(nil, b.config, dir, upstream, port), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, b.args(dir, file)...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if <-ended; t.Failed() {
			t.Logf("%s: %.4000s", b.program, out.String())
		}
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if nc, err := net.Dial("tcp", port); err == nil {
			nc.Close()
			return port
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not listen", b.program)
		}
	}
}

// dial opens a client's connection, and returns the address that it has.
func (b *balancer) dial(t *testing.T, addr string) (*sockets.Client, string) {
	c := sockets.Dial(t, addr)
	if b.overTLS {
		c = sockets.On(t, tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}))
	}
	return c, c.LocalAddr().String()
}

func TestBalancersIntroduceTheirClients(t *testing.T) {
	for name, b := range balancers {
		t.Run(name, func(t *testing.T) {
			sockets.Clean(t)
			live := serveBalanced(t, &b)
			addr := b.start(t, live.Addr)
			for range 3 {
				c, client := b.dial(t, addr)
				for range 5 {
					c.Send(0, "GET /plaintext HTTP/1.1\r\nHost: lab\r\n\r\n")
					res := c.WantAnswer("GET", 200, "Hello, World!")
					if got := res.Header.Get("X-Client"); got != client+" "+addr || res.Close {
						t.Errorf("the handler sees %q, want %s at %s; close %v", got, client, addr, res.Close)
					}
					if id := res.Header.Get("X-Id"); (id != "") != b.id {
						t.Errorf("an identifier %q", id)
					}
				}
				wantTraced(t, live, client)
			}
			wantEarly(t, &b, addr)
			s := live.Stats()
			for _, why := range []server.Reason{
				server.ReasonProxyMissing, server.ReasonProxyMalformed, server.ReasonProxyUntrusted, server.ReasonProxyTimeout,
			} {
				if n := s.Closes[why]; n > 0 {
					t.Errorf("%d connections ended: %v", n, why)
				}
			}
			t.Logf("%d exchanges on %d connections; closes %v", s.Exchanges, s.Accepted, s.Closes)
		})
	}
}

// serveBalanced serves the lab's routes, and says in each answer whose connection it is.
func serveBalanced(t *testing.T, b *balancer) *sockets.Server {
	srv := &server.Server{ProxyProtocol: server.ProxyRequired}
	srv.Handler = server.HandlerFunc(func(w *server.Response, r *server.Request) error {
		w.Set("X-Client", r.RemoteAddr().String()+" "+r.LocalAddr().String())
		id, _ := r.ProxyHeader().TLV(5) // PP2_TYPE_UNIQUE_ID
		w.Set("X-Id", id)
		return sockets.Lab(w, r)
	})
	if b.overTLS {
		for _, over := range servertest.Carriers() {
			if over.TLS != nil {
				srv.TLS = https.Config(over.TLS)
			}
		}
	}
	return sockets.Serve(t, srv)
}

// wantTraced wants one connection of a client's, with all its exchanges.
func wantTraced(t *testing.T, live *sockets.Server, client string) {
	t.Helper()
	conns, heads := map[int64]bool{}, 0
	for _, e := range live.Events() {
		if e.Remote.String() == client {
			conns[e.Conn] = true
			if e.Kind == server.EventHeadParsed {
				heads++
			}
		}
	}
	if len(conns) != 1 || heads != 5 {
		t.Errorf("the trace has %d connections of %s, with %d exchanges", len(conns), client, heads)
	}
}

// wantEarly wants an early 413 for 20 MB, ten times of ten.
func wantEarly(t *testing.T, b *balancer, addr string) {
	t.Helper()
	for range 10 {
		c, _ := b.dial(t, addr)
		c.Send(20e6, "POST /reject?max=1000 HTTP/1.1\r\nHost: lab\r\nContent-Length: 20000000\r\n\r\n")
		c.WantAnswer("POST", 413, "too large: the limit is 1000 bytes\n")
		c.Close()
	}
}
