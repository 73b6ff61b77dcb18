// Every server that is measured is one entry in the list of this file.

// Package servers holds the servers, each of which runs in a process of its own.
package servers

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"github.com/spillway-go/spillway/bench/cases"
)

// Server is one of the servers.
type Server struct {
	Name  string // on the command line
	Title string // in the report
	About string

	// Floor tells that the server does not parse: what it costs is a bound for those that do.
	Floor bool

	// lacks returns why the server cannot take part in a case, or "". It is asked of every part.
	lacks func(c *cases.Case) string

	// Serve serves the listener for as long as the process lives. It is nil where the server is another program.
	Serve func(l net.Listener, env *Env) error

	// Peer tells that Serve is in the program bench/peers.
	Peer bool

	// Opens tells that Serve opens the listener's address itself, and closes Env.Listens when it has.
	Opens bool

	// Command returns the other program's command line and, where it is not installed, the reason.
	Command func(env *Env) ([]string, error)
}

// Lacks returns why the server cannot take part in a case, or "".
func (s *Server) Lacks(c *cases.Case) string {
	if c.Proxied && !strings.HasPrefix(s.Name, "spillway") {
		return "has no PROXY protocol built in, or is a proxy itself"
	}
	parts := c.Parts()
	for i := range parts {
		if why := s.lacks(&parts[i]); why != "" {
			return why
		}
	}
	return ""
}

// Env is what a server process is given.
type Env struct {
	Case *cases.Case
	Dir  string      // holds the files that are served, and the certificate
	TLS  *tls.Config // not nil where the case has TLS
	Addr string      // where another program shall listen

	Listens chan struct{} // closed when a server that opens its address listens
}

// All returns the servers in the order of the report.
func All() []Server {
	return []Server{
		{Name: "spillway", Title: "spillway", Serve: serveSpillway, lacks: lacksServeMux},
		{Name: "spillway-handler", Title: "spillway, http.Handler", Serve: serveSpillwayHandler, lacks: lacksNothing,
			About: "the handlers of net/http, on spillway through server/nethttp"},
		{Name: "nethttp", Title: "net/http", Serve: serveNetHTTP, lacks: lacksNothing},
		{Name: "fasthttp", Title: "fasthttp", Serve: serveFastHTTP, lacks: lacksServeMux},
		{Name: "fasthttp-stream", Title: "fasthttp streaming", Serve: serveFastHTTPStreaming, lacks: lacksServeMux,
			About: "fasthttp with StreamRequestBody"},
		{Name: "hertz", Title: "hertz", Peer: true, lacks: lacksServeMux,
			About: "with its own network library; with TLS on net's"},
		{Name: "gnet", Title: "gnet", Peer: true, Opens: true, lacks: gnetLacks,
			About: "event loops without HTTP; what was added finds where heads end and reads the path, and nothing else"},
		{Name: "nginx", Title: "nginx", Command: nginxCommand, lacks: nginxLacks,
			About: "responses come from its configuration or from files, not from a program"},
		{Name: "floor-a", Title: "floor A", Floor: true, Serve: serveFloorA, lacks: floorALacks,
			About: "a goroutine per connection that counts the request's bytes and writes a fixed reply, without parsing"},
		{Name: "floor-b", Title: "floor B", Floor: true, Serve: serveFloorB, lacks: floorBLacks,
			About: "one epoll loop in Go that counts the request's bytes and writes a fixed reply, without parsing"},
	}
}

// Find returns the server with this name.
func Find(name string) (*Server, error) {
	for _, s := range All() {
		if s.Name == name {
			return &s, nil
		}
	}
	return nil, fmt.Errorf("servers: no server %q", name)
}

func lacksNothing(*cases.Case) string { return "" }

func lacksServeMux(c *cases.Case) string {
	if c.Route == cases.JSON {
		return "has no http.Handler"
	}
	return ""
}
