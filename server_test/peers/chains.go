// Chains: what every proxy forwards is recorded once, and sent to every backend once.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"time"
)

// chainVerdicts are in the order of the report, the worst last.
var chainVerdicts = []string{"refused", "normalised", "FORWARDED", "EXTRA ANSWER", "VICTIM"}

// proxies are those that are recorded. In what they are started with {backend} stands for the port of the recording relay.
func proxies() []peer {
	return []peer{
		{
			Name: "ReverseProxy", How: "net/http/httputil", Programs: []program{{Args: []string{"{self}", serverMode, "ReverseProxy", "{port}"}, Env: []string{"BEHIND={backend}"}}},
		},
		proxy("nginx", "proxy_http_version 1.1, keepalive", []string{"nginx", "-v"}, "chain_nginx.conf",
			"nginx", "-p", "{dir}", "-e", "stderr", "-c", "{dir}/chain_nginx.conf"),
		proxy("nginx, streaming", "the same with proxy_request_buffering off", []string{"nginx", "-v"}, "chain_nginx_streaming.conf",
			"nginx", "-p", "{dir}", "-e", "stderr", "-c", "{dir}/chain_nginx_streaming.conf"),
		proxy("HAProxy", "http-reuse always", []string{"haproxy", "-v"}, "chain_haproxy.cfg", "haproxy", "-f", "{dir}/chain_haproxy.cfg"),
		proxy("Apache", "mod_proxy_http", []string{"apache2", "-v"}, "chain_apache.conf",
			"apache2", "-D", "FOREGROUND", "-d", "{dir}", "-f", "{dir}/chain_apache.conf"),
		proxy("h2o", "proxy.reverse.url", []string{"h2o", "-v"}, "chain_h2o.conf", "h2o", "-c", "{dir}/chain_h2o.conf"),
		proxy("lighttpd", "mod_proxy", []string{"lighttpd", "-v"}, "chain_lighttpd.conf", "lighttpd", "-D", "-f", "{dir}/chain_lighttpd.conf"),
		proxy("nghttpx", "no TLS on either side", []string{"nghttpx", "-v"}, "chain_nghttpx.conf", "nghttpx", "--conf={dir}/chain_nghttpx.conf"),
		proxy("Varnish", "return (pass)", []string{"varnishd", "-V"}, "chain_varnish.vcl",
			"varnishd", "-F", "-j", "none", "-n", "{dir}/varnish", "-a", "127.0.0.1:{port}", "-s", "malloc,16m", "-f", "{dir}/chain_varnish.vcl"),
		proxy("Squid", "accel, cache deny all", []string{"squid", "-v"}, "chain_squid.conf",
			asOther("squid", "-N", "-n", "peer{port}", "-f", "{dir}/chain_squid.conf")...),
		trafficServer(),
		proxy("Caddy", "reverse_proxy", caddyVersion, "chain_Caddyfile",
			"caddy", "run", "--adapter", "caddyfile", "--config", "{dir}/chain_Caddyfile"),
	}
}

func proxy(name, how string, version []string, file string, args ...string) peer {
	return peer{Name: name, How: how, Version: version, Programs: []program{{Args: args, Files: []string{file}}}}
}

func trafficServer() peer {
	p := proxy("Traffic Server", "no cache", []string{"traffic_server", "-V"}, "records.config", asOther("traffic_server")...)
	p.Programs[0].Files = append(p.Programs[0].Files, "remap.config", "ip_allow.yaml", "storage.config")
	p.Programs[0].Env = []string{"PROXY_CONFIG_CONFIG_DIR={dir}"}
	return p
}

// asOther is a command that does not see that root runs it: some refuse that, give up root, and read their files, shared memory and logs
// as a user that may have no way to them. In a user namespace of its own the program is that user to itself and root to the files.
func asOther(args ...string) []string {
	return append([]string{"unshare", "--map-user=1000", "--map-group=1000"}, args...)
}

// backends are the names of the peers that recordings are sent to.
var backends = []string{
	"spillway", "spillway, nethttp", "net/http", "fasthttp", "fasthttp, StreamRequestBody", "Node", "gunicorn, sync", "gunicorn, gthread", "waitress",
	"Tornado", "aiohttp", "Twisted", "uvicorn, h11", "Cheroot", "gevent", "Puma", "Thin", "WEBrick",
}

// chainReport is what spillway probe chain -json prints, as far as the matrix needs it.
type chainReport struct {
	Seconds float64
	Results []chainResult `json:"scenarios"`
}

type chainResult struct {
	ID, Group, Name, Verdict, What string
	Odd                            bool
	Forwarded                      []string
}

func (r *chainReport) count(verdict string) int {
	n := 0
	for i := range r.Results {
		if r.Results[i].Verdict == verdict {
			n++
		}
	}
	return n
}

// pair is a cell of the matrix.
type pair struct {
	Proxy, Backend string
	Report         *chainReport
}

// recorded is a row of the matrix: a proxy, and what it does by itself.
type recorded struct {
	Peer    *peer
	Version string
	Report  *chainReport
	File    string
	Pairs   []pair
}

// matrix is what a run found.
type matrix struct {
	When    time.Time
	Command string
	System  string
	Columns []column
	Rows    []recorded
	LeftOut []string // which programs, and why
}

type column struct{ Name, Version string }

// fill records the proxies, and sends what they forwarded to the backends.
func (m *matrix) fill(ctx context.Context, dir, spillway string, fronts, backs []peer) error {
	for i := range fronts {
		row := recorded{Peer: &fronts[i], File: filepath.Join(dir, fmt.Sprintf("%d.json", i))}
		var err error
		if row.Version, err = row.Peer.version(); err != nil {
			m.leaveOut(row.Peer, "not installed")
			continue
		}
		if row.Report, err = record(ctx, spillway, &row); err != nil {
			m.leaveOut(row.Peer, err.Error())
			continue
		}
		fmt.Printf("%-28s %5.1f s  %s\n", row.Peer.Name, row.Report.Seconds, row.Report.line())
		m.Rows = append(m.Rows, row)
	}
	for i := range backs {
		p := &backs[i]
		version, err := p.version()
		if err != nil {
			m.leaveOut(p, "not installed")
			continue
		}
		if err := m.sendTo(ctx, spillway, p); err != nil {
			return err
		}
		m.Columns = append(m.Columns, column{p.Name, version})
	}
	return nil
}

// leaveOut says why there is nothing of a program.
func (m *matrix) leaveOut(p *peer, why string) {
	fmt.Printf("%-28s %s\n", p.Name, why)
	m.LeftOut = append(m.LeftOut, fmt.Sprintf("%s (%.200s)", p.Name, why))
}

// record starts a proxy and records what it forwards.
func record(ctx context.Context, spillway string, row *recorded, args ...string) (*chainReport, error) {
	behind, err := net.Listen("tcp", "127.0.0.1:0") // a proxy may look when it starts whether its backend is there
	if err != nil {
		return nil, err
	}
	relay := behind.Addr().String()
	_, port, _ := net.SplitHostPort(relay)
	server, err := startBefore(row.Peer, spillway, port)
	behind.Close()
	if err != nil {
		return nil, err
	}
	defer server.stop()
	front := "http://" + server.addr + "/"
	args = append(args, "-front", front, "-post", front+"ignore", "-listen", relay, "-record", row.File, "-patience", "1s")
	return chain(ctx, spillway, args...)
}

// sendTo sends all recordings to one backend.
func (m *matrix) sendTo(ctx context.Context, spillway string, p *peer) error {
	server, err := start(p, spillway)
	if err != nil {
		return err
	}
	defer server.stop()
	for i := range m.Rows {
		row := &m.Rows[i]
		rep, err := chain(ctx, spillway, "-replay", row.File, "-to", server.addr, "-patience", "1s")
		if err != nil {
			return fmt.Errorf("%s in front of %s: %w", row.Peer.Name, p.Name, err)
		}
		fmt.Printf("%-28s %-28s %5.1f s  %s\n", row.Peer.Name, p.Name, rep.Seconds, rep.line())
		row.Pairs = append(row.Pairs, pair{row.Peer.Name, p.Name, rep})
	}
	return nil
}

// line sums a report up for the terminal, which also names what does not go into a file.
func (r *chainReport) line() string {
	text := ""
	for _, v := range chainVerdicts {
		if n := r.count(v); n > 0 {
			text += fmt.Sprintf("%d %s, ", n, v)
		}
	}
	for i := range r.Results {
		if one := &r.Results[i]; one.bad() {
			text += "\n    " + one.Verdict + " " + one.ID + ": " + one.What
		}
	}
	return text
}

// bad reports whether the backend read what the proxy forwarded in another way.
func (r *chainResult) bad() bool { return r.Verdict == "EXTRA ANSWER" || r.Verdict == "VICTIM" }

// chain runs spillway probe chain.
func chain(ctx context.Context, spillway string, args ...string) (*chainReport, error) {
	ctx, cancel := context.WithTimeout(ctx, 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, spillway, append([]string{"probe", "chain", "-json", "-fail-on", "never"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(string(bytes.TrimSpace(stderr.Bytes())))
	}
	rep := &chainReport{}
	return rep, json.Unmarshal(out, rep)
}

// reverseProxy is Go's own, in front of a port on this machine.
func reverseProxy(port string) http.Handler {
	behind := &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port)}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }}
}
