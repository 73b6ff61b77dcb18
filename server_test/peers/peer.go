// The peers, as data: a new one is a few lines here and a configuration under servers.

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// peer is a server to be probed.
type peer struct {
	Name    string
	How     string   // how it is set up, in a few words
	Version []string // a command that prints its version, or nil for one that is built into this program
	Module  string   // the Go module whose version it has, if Version is nil; empty: Go's own

	// Programs are started in this order, each when the one before takes connections; the last one is probed.
	Programs []program

	Get, Post string // targets for the probe; Post is one whose handler leaves the content unread where that can be written
	Early200  string // a target that answers 200 and leaves the content to the server; empty: there can be none
	Early413  string // and one that answers 413

	Withheld bool     // what looks exploitable does not go into the files, as nobody has looked whether it is public
	Public   []string // the scenarios of which that is known

	Documented map[string]string // scenarios that end the connection, and why that is right
}

// program is a process of a peer's. In its arguments, its environment and its files {port} stands for its port, {first}
// for that of the peer's first program, {dir} for a directory of its own, {servers} for where the files of the folder
// servers are, {self} for this program and {spillway} for spillway's command.
type program struct {
	Args  []string
	Env   []string
	Files []string // of the folder servers, put into {dir} with the placeholders filled in
}

// spillwayCloses are the closes that the README documents: a leftover over the drain budget, and an expectation.
var spillwayCloses = map[string]string{
	"1 MiB of requests, fixed length":          tooLong,
	"1 MiB of requests, chunked":               tooLong,
	"1 MiB, read when all is sent":             tooLong,
	"8 MiB, read when all is sent":             tooLong,
	"8 MiB chunked, read when all is sent":     tooLong,
	"8 MiB, read meanwhile":                    tooLong,
	"8 MiB for what is not there":              tooLong,
	"768 KiB in 1.1 s":                         tooLong,
	"behind 1 MiB":                             tooLong,
	"1 MiB, does not wait":                     tooLong,
	"half read, 1 MiB":                         tooLong,
	"refused, 8 MiB":                           tooLong,
	"refused, 8 MiB chunked":                   tooLong,
	"failed, 8 MiB":                            tooLong,
	"waits":                                    unasked,
	"waits, chunked":                           unasked,
	"waits in vain, then sends":                unasked,
	"another spelling":                         unasked,
	"ignored, asked for and not wanted":        unasked,
	"an unknown expectation":                   refused,
	"Expect: 100-continue and another":         refused,
	`Expect: "100-continue"`:                   refused,
	"fixed length, answered, and 2 MiB more":   tooLong,
	"chunked, answered, and 2 MiB more":        notEnded,
	"chunked, answered, and 100 KiB more":      notEnded,
	"chunked, answered, and 2 MiB of requests": notEnded,
	"chunked, in pieces that cut the framing":  notEnded,
	"content in chunks, byte by byte":          notEnded,
	"a trailer section, byte by byte":          notEnded,
	"a pause inside a chunk's size":            notEnded,
	"half read, answered, and 2 MiB more":      notEnded,
	"401, answered, and 2 MiB more":            notEnded,
	"refused, answered, and 2 MiB more":        notEnded,
	"ignored, 64 KiB chunked":                  notEnded,
	"CONNECT":                                  "a CONNECT that made no tunnel ends the connection",
}

const (
	tooLong  = "more content is left than the drain budget's 256 KiB"
	refused  = "417 ends the connection"
	notEnded = "the end of chunked content has not come when the response is sent, and nobody knows how much is to come"
	unasked  = "the client waits for a 100 (Continue) that nobody sent"
)

const python = "/usr/bin/python3" // Debian's, for Debian's packages

// peers are in the table's order.
func peers() []peer {
	all := []peer{
		{
			Name: "spillway", How: "spillway serve", Version: describe,
			Programs: []program{{Args: []string{"{spillway}", "serve", "-addr", "127.0.0.1:{port}"}}},
			Get:      "/plaintext", Post: "/ignore", Early200: "/ignore", Early413: "/reject?max=4194304", Documented: spillwayCloses,
		},
		{
			Name: "spillway, nethttp", How: "spillway serve -api nethttp", Version: describe,
			Programs: []program{{Args: []string{"{spillway}", "serve", "-api", "nethttp", "-addr", "127.0.0.1:{port}"}}},
			Get:      "/plaintext", Post: "/ignore", Early200: "/ignore", Early413: "/reject?max=4194304", Documented: spillwayCloses,
		},
		goServer("net/http", "http.Server as it comes", ""),
		goServer("fasthttp", "MaxRequestBodySize 64 MiB, for the uploads", "github.com/valyala/fasthttp"),
		goServer("fasthttp, StreamRequestBody", "", "github.com/valyala/fasthttp"),
		{
			Name: "Node", How: "http.createServer", Version: []string{"/usr/bin/node", "--version"},
			Programs: []program{{Args: []string{"/usr/bin/node", "{servers}/node.mjs", "{port}"}}},
		},
		{
			Name: "nginx", How: "return 200, return 413, client_max_body_size 0", Version: []string{"nginx", "-v"},
			Programs: []program{{
				Args:  []string{"nginx", "-p", "{dir}", "-e", "stderr", "-c", "{dir}/nginx.conf"},
				Files: []string{"nginx.conf"},
			}},
		},
		{
			Name: "Apache", How: "static files, LimitRequestBody 4 MiB for the 413", Version: []string{"apache2", "-v"},
			Programs: []program{{
				Args:  []string{"apache2", "-D", "FOREGROUND", "-d", "{dir}", "-f", "{dir}/apache.conf"},
				Files: []string{"apache.conf", "index.txt", "reject.txt"},
			}},
			Get: "/index.txt", Post: "/index.txt", Early200: "/index.txt", Early413: "/reject.txt",
		},
		{
			Name: "lighttpd", How: "static files; max-request-size 4 MiB for the 413", Version: []string{"lighttpd", "-v"},
			Programs: []program{{
				Args:  []string{"lighttpd", "-D", "-f", "{dir}/lighttpd.conf"},
				Files: []string{"lighttpd.conf", "index.txt", "reject.txt"},
			}},
			Get: "/index.txt", Post: "/index.txt", Early200: "/index.txt", Early413: "/reject.txt",
		},
		{
			Name: "HAProxy, net/http", How: "HAProxy in front of the net/http of this table", Version: []string{"haproxy", "-v"},
			Programs: []program{
				{Args: []string{"{self}", serverMode, "net/http", "{port}"}},
				{Args: []string{"haproxy", "-f", "{dir}/haproxy.cfg"}, Files: []string{"haproxy.cfg"}},
			},
		},
		wsgi("gunicorn, sync", "its default worker", "gunicorn", "/usr/bin/gunicorn", "--chdir", "{servers}", "-b", "127.0.0.1:{port}", "-w", "2", "app:app"),
		wsgi("gunicorn, gthread", "--threads 4", "gunicorn", "/usr/bin/gunicorn", "--chdir", "{servers}", "-b", "127.0.0.1:{port}", "--threads", "4", "app:app"),
		wsgi("waitress", "max_request_body_size 1 GiB, as it comes", "waitress", python, "{servers}/serve.py", "waitress", "{port}"),
		wsgi("wsgiref", "as it comes: HTTP/1.0, one connection at a time", "", python, "{servers}/serve.py", "wsgiref", "{port}"),
	}
	for _, route := range []string{"ignore_body", "consume_body", "fail_first"} {
		p := wsgi("Werkzeug, "+route, "its development server, HTTP/1.1, threads", "werkzeug", python, "{servers}/serve.py", "werkzeug", "{port}")
		p.Post = "/" + route
		if route == "ignore_body" {
			p.Early200 = p.Post
		}
		all = append(all, p)
	}
	all = append(all,
		wsgi("Werkzeug, exhausted", "the same, ignore_body behind a middleware that reads Content-Length bytes first", "werkzeug",
			python, "{servers}/serve.py", "werkzeug-exhausted", "{port}"),
		wsgi("Werkzeug, kept", "ignore_body, its Connection: close left out, as it was before 2.1.2", "werkzeug",
			python, "{servers}/serve.py", "werkzeug-kept", "{port}"),
		wsgi("Werkzeug, kept, exhausted", "both", "werkzeug", python, "{servers}/serve.py", "werkzeug-kept-exhausted", "{port}"),
		wsgi("http.server", "ThreadingHTTPServer, HTTP/1.1; the handler does not read", "", python, "{servers}/http_server.py", "ignore", "{port}"),
		wsgi("http.server, reading", "the same; the handler reads Content-Length bytes", "", python, "{servers}/http_server.py", "consume", "{port}"),
		wsgi("Paste", "httpserver as it comes: HTTP/1.0", "paste", python, "{servers}/serve.py", "paste", "{port}"),
		wsgi("Paste, HTTP/1.1", "httpserver, protocol_version HTTP/1.1", "paste", python, "{servers}/serve.py", "paste11", "{port}"),
	)
	all = append(all, morePeers()...)
	for i := range all {
		if known, ok := inTheOpen[all[i].Name]; ok {
			all[i].Withheld, all[i].Public = true, known
		}
	}
	all = append(all, modePeers(all)...)
	for i := range all {
		all[i].defaults()
	}
	return all
}

// inTheOpen is what has been told of the servers that are in wide use and do keep what is content from what is a request.
var inTheOpen = map[string][]string{
	"net/http":          {"both headers, chunks end first", "both headers, length ends first", "chunked from HTTP/1.0"},
	"fasthttp":          {"both headers, chunks end first", "both headers, length ends first", "coding identity"},
	"Node":              nil,
	"nginx":             nil,
	"Apache":            {"chunked twice", "chunked from HTTP/1.0"},
	"lighttpd":          nil,
	"HAProxy, net/http": nil,
	"gunicorn, sync":    nil,
	"gunicorn, gthread": {"a length with a sign", "a length with an underscore", "coding identity"},
	"waitress":          {"both headers, chunks end first", "both headers, length ends first", "chunked twice", "chunked from HTTP/1.0"},
	"wsgiref":           nil,
}

// describe is the command that prints spillway's version.
var describe = []string{"git", "describe", "--always", "--dirty"}

// defaults fills in the targets that most peers have.
func (p *peer) defaults() {
	if p.Get == "" {
		p.Get, p.Early413 = "/", "/reject"
		if p.Post == "" {
			p.Post, p.Early200 = "/ignore", "/ignore"
		}
	}
}

func goServer(name, how, module string) peer {
	return peer{Name: name, How: how, Module: module, Programs: []program{{Args: []string{"{self}", serverMode, name, "{port}"}}}}
}

// wsgi is a peer written in Python whose package, if it is not Python's own, is Debian's.
func wsgi(name, how, pkg string, args ...string) peer {
	version := []string{python, "--version"}
	if pkg != "" {
		version = []string{python, "-c", "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))", pkg}
	}
	return peer{Name: name, How: how, Version: version, Programs: []program{{Args: args, Env: []string{"PYTHONDONTWRITEBYTECODE=1"}}}}
}

// builtIn returns the version of a module that is built into this program, or of Go itself.
func builtIn(module string) string {
	if module == "" {
		return strings.TrimPrefix(runtime.Version(), "go")
	}
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == module {
				return strings.TrimPrefix(m.Version, "v")
			}
		}
	}
	return "unknown"
}

func executable() string {
	self, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return self
}
