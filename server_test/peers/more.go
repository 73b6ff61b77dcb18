// The peers beyond the first ones: Python's servers with their own loops, Ruby's, and some that are written in C.

package main

import (
	"slices"
	"strings"
)

// morePeers are in the table's order.
func morePeers() []peer {
	more := []peer{
		wsgi("Tornado", "its own handlers", "tornado", python, "{servers}/serve_own.py", "tornado", "{port}"),
		wsgi("aiohttp", "its own handlers; the parser in C, as Debian builds it", "aiohttp", python, "{servers}/serve_own.py", "aiohttp", "{port}"),
		wsgi("Twisted", "twisted.web", "twisted", python, "{servers}/serve_own.py", "twisted", "{port}"),
		wsgi("uvicorn, h11", "--http h11", "uvicorn", python, "-m", "uvicorn", "--app-dir", "{servers}", "--http", "h11", "--loop", "asyncio",
			"--host", "127.0.0.1", "--port", "{port}", "--log-level", "critical", "serve_own:asgi"),
		wsgi("Cheroot", "its WSGI server", "cheroot", python, "{servers}/serve.py", "cheroot", "{port}"),
		wsgi("gevent", "pywsgi", "gevent", python, "{servers}/serve.py", "gevent", "{port}"),
		asgi("hypercorn", "one worker, asyncio", "hypercorn", "-b", "127.0.0.1:{port}", "serve_own:asgi"),
		asgi("daphne", "as it comes", "daphne", "-b", "127.0.0.1", "-p", "{port}", "serve_own:asgi"),
		{
			Name: "uWSGI", How: "its HTTP router, --http-keepalive, --http-chunked-input, --http-manage-expect", Version: []string{"uwsgi", "--version"},
			Programs: []program{{Args: []string{
				"uwsgi", "--plugins", "python3,http", "--http", "127.0.0.1:{port}", "--http-keepalive", "--http-chunked-input", "--http-manage-expect",
				"--chdir", "{servers}", "--wsgi-file", "{servers}/app.py", "--callable", "app", "--disable-logging", "--need-app", "--die-on-term", "--master",
			}}},
		},
		{
			Name: "Puma", How: "config.ru", Version: []string{"puma", "--version"},
			Programs: []program{{Args: []string{"puma", "-q", "-e", "production", "-b", "tcp://127.0.0.1:{port}", "{servers}/config.ru"}}},
		},
		{
			Name: "Thin", How: "config.ru", Version: []string{"thin", "--version"},
			Programs: []program{{Args: []string{"thin", "-q", "-e", "production", "-a", "127.0.0.1", "-p", "{port}", "-R", "{servers}/config.ru", "start"}}},
		},
		{
			Name: "unicorn", How: "config.ru", Version: []string{"unicorn", "--version"},
			Programs: []program{{Args: []string{"unicorn", "-E", "production", "-l", "127.0.0.1:{port}", "{servers}/config.ru"}}},
		},
		{
			Name: "WEBrick", How: "a servlet", Version: []string{"ruby", "-rwebrick", "-e", "puts WEBrick::VERSION"},
			Programs: []program{{Args: []string{"ruby", "{servers}/webrick.rb", "{port}"}}},
		},
		{
			Name: "Express", How: "Debian's Express on this table's Node",
			Version: []string{"/usr/bin/node", "-p", "require('/usr/share/nodejs/express/package.json').version"},
			Programs: []program{{
				Args: []string{"/usr/bin/node", "{servers}/express.cjs", "{port}"}, Env: []string{"NODE_PATH=/usr/share/nodejs"},
			}},
		},
	}
	more = append(more, javaPeers()...)
	more = append(more, nodePeers()...)
	more = append(more,
		goServer("fiber", "BodyLimit 64 MiB, for the uploads", "github.com/gofiber/fiber/v3"),
		goServer("hertz", "its own network library; WithMaxRequestBodySize 64 MiB, for the uploads", "github.com/cloudwego/hertz"),
		goServer("hertz, WithStreamBody", "", "github.com/cloudwego/hertz"),
		goServer("nbio", "nbhttp as it comes", "github.com/lesismal/nbio"),
		peer{
			Name: "libmicrohttpd", How: "a thread for each connection", Version: []string{"pkg-config", "--modversion", "libmicrohttpd"},
			Programs: []program{{Args: []string{"sh", "-c", "cc -O1 -o server {servers}/microhttpd.c -lmicrohttpd && exec ./server {port}"}}},
		},
		peer{
			Name: "Caddy", How: "respond", Version: []string{"caddy", "version"},
			Programs: []program{{
				Args: []string{"caddy", "run", "--adapter", "caddyfile", "--config", "{dir}/Caddyfile.conf"}, Files: []string{"Caddyfile.conf"},
			}},
		},
	)
	for _, p := range proxies() {
		more = append(more, p.inFront())
	}
	for i := range more {
		more[i].Withheld = true
	}
	return more
}

// modePeers are peers of the table in the modes that matter most to them.
func modePeers(all []peer) []peer {
	var found []peer
	for _, want := range []struct {
		name  string
		modes []mode
	}{
		{"spillway", []mode{part, limits}},
		{"spillway, nethttp", []mode{part, limits}},
		{"net/http", []mode{part, closes, wraps, limits}},
		{"fasthttp, StreamRequestBody", []mode{part, closes, limits}},
		{"hertz, WithStreamBody", []mode{part, limits}},
		{"Node", []mode{part, limits}},
		{"gunicorn, gthread", []mode{part, limits}},
		{"Cheroot", []mode{part}},
		{"Tomcat", []mode{part}},
		{"Jetty", []mode{part}},
		{"com.sun.net.httpserver", []mode{part}},
	} {
		i := slices.IndexFunc(all, func(p peer) bool { return p.Name == want.name })
		found = append(found, all[i].in(want.modes...)...)
	}
	for i := range found {
		found[i].Withheld = true
	}
	return found
}

// asgi is a peer of Debian's Python that takes an ASGI application and is run as a module.
func asgi(name, how, module string, args ...string) peer {
	p := wsgi(name, how, module, append([]string{python, "-m", module}, args...)...)
	p.Programs[0].Env = append(p.Programs[0].Env, "PYTHONPATH={servers}")
	return p
}

// nodePeers are Node's frameworks.
func nodePeers() []peer {
	var all []peer
	for _, name := range []string{"fastify", "koa", "hapi"} {
		module := "./node/node_modules/" + name
		if name == "hapi" {
			module = "./node/node_modules/@hapi/hapi"
		}
		all = append(all, peer{
			Name: name, How: "on this table's Node", Version: []string{"/usr/bin/node", "-p", "require('" + module + "/package.json').version"},
			Programs: []program{{
				Args: []string{"/usr/bin/node", "{servers}/frameworks.cjs", name, "{port}"}, Env: []string{"NODE_PATH={here}/node/node_modules"},
			}},
		})
	}
	return all
}

// javaPeers run from their sources, which Java compiles when it is started.
func javaPeers() []peer {
	tomcat := jars("tomcat10-", "catalina", "coyote", "util", "util-scan", "juli", "api", "servlet-api", "annotations-api", "jaspic-api", "el-api", "jni")
	jetty := jars("", "jetty9-server", "jetty9-http", "jetty9-io", "jetty9-util", "servlet-api")
	return []peer{
		java("Tomcat", "embedded, a servlet", []string{"java", "-cp", tomcat, "org.apache.catalina.util.ServerInfo"}, tomcat, "TomcatServer.java"),
		java("Jetty", "embedded, a handler", []string{"java", "-Dorg.eclipse.jetty.util.log.announce=false", "-cp", jetty, "org.eclipse.jetty.server.Server"}, jetty, "JettyServer.java"),
		java("com.sun.net.httpserver", "a thread for each exchange", []string{"java", "--version"}, ".", "JDKServer.java"),
	}
}

func java(name, how string, version []string, path, source string) peer {
	args := []string{"java", "-Xmx512m", "-cp", path, "{servers}/" + source, "{port}"}
	return peer{Name: name, How: how, Version: version, Programs: []program{{Args: args}}}
}

// jars is a path of Debian's.
func jars(prefix string, names ...string) string {
	for i, name := range names {
		names[i] = "/usr/share/java/" + prefix + name + ".jar"
	}
	return strings.Join(names, ":")
}

// inFront is a proxy of the chains as a peer: in front of the net/http of the table.
func (p peer) inFront() peer {
	p.Name = "net/http behind " + p.Name
	p.Programs = append([]program{{Args: []string{"{self}", serverMode, "net/http", "{port}"}}}, p.Programs...)
	return p
}

// withhold takes out what looks exploitable: for a peer of which nobody has looked whether that is public.
func (r *report) withhold() {
	for i := range r.Results {
		if one := &r.Results[i]; one.exploitable() {
			one.Verdict, one.What, one.Advice, one.Dialogue = withheld, "Found, and not public: it goes to those who maintain the server.", "", nil
		}
	}
}

// withheld stands in the place of a verdict.
const withheld = "withheld"

// exploitable reports whether a client can do harm to others by it.
func (r *result) exploitable() bool {
	return r.Verdict == "CRASH" || r.Verdict == "DEAD" || r.Verdict == "DESYNC" || r.Verdict == "AMBIGUOUS"
}
