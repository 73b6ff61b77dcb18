// The peers beyond the first ones: Python's servers with their own loops, Ruby's, and some that are written in C.

package main

import (
	"cmp"
	"path/filepath"
	"slices"
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
		goServer("fiber", "BodyLimit 64 MiB, for the uploads", "github.com/gofiber/fiber/v3"),
		goServer("hertz", "WithMaxRequestBodySize 64 MiB, for the uploads", "github.com/cloudwego/hertz"),
		goServer("hertz, WithStreamBody", "", "github.com/cloudwego/hertz"),
		goServer("nbio", "nbhttp, with an http.Handler", "github.com/lesismal/nbio"),
		framework("fastify", "bodyLimit 64 MiB, and a parser that leaves the stream to the handler"),
		framework("koa", "as it comes"),
		framework("hapi", "payload: stream, not parsed"),
		java("Tomcat", "in a program, with a servlet", "libtomcat10-java", "TomcatPeer.java", []string{"tomcat10-catalina", "tomcat10-coyote", "tomcat10-util",
			"tomcat10-util-scan", "tomcat10-juli", "tomcat10-servlet-api", "tomcat10-annotations-api", "tomcat10-jaspic-api", "tomcat10-jni",
			"tomcat10-api", "tomcat10-el-api", "tomcat10-jsp-api"}, "{dir}"),
		java("Jetty", "in a program, with a handler", "libjetty9-java", "Jetty.java",
			[]string{"jetty9-server", "jetty9-http", "jetty9-io", "jetty9-util", "servlet-api"}),
		java("JDK", "com.sun.net.httpserver, threads", "openjdk-17-jdk-headless", "Jdk.java", nil),
		asgi("hypercorn", "--workers 1", "hypercorn", "--bind", "127.0.0.1:{port}", "--workers", "1", "--log-level", "critical", "serve_own:asgi"),
		{
			Name: "libmicrohttpd", How: "a thread for each connection; the content is taken before a 200", Version: debian("libmicrohttpd-dev"),
			Programs: []program{{Args: []string{"sh", "-c", "cc -o {dir}/server {servers}/microhttpd.c -lmicrohttpd && exec {dir}/server {port}"}}},
		},
		{
			Name: "Caddy", How: "respond", Version: caddyVersion,
			Programs: []program{{Args: []string{"caddy", "run", "--adapter", "caddyfile", "--config", "{dir}/Caddyfile"}, Files: []string{"Caddyfile"}}},
		},
	}
	for _, p := range proxies() {
		more = append(more, p.inFront())
	}
	for i := range more {
		more[i].Withheld = true
	}
	return more
}

// asgi is a peer of Debian's Python that takes an ASGI application and is run as a module.
func asgi(name, how, module string, args ...string) peer {
	p := wsgi(name, how, module, append([]string{python, "-m", module}, args...)...)
	p.Programs[0].Env = append(p.Programs[0].Env, "PYTHONPATH={servers}")
	return p
}

// java is a peer that is one file of Java, run as it stands with Debian's jars.
func java(name, how, pkg, file string, jars []string, more ...string) peer {
	class := "."
	for _, jar := range jars {
		class += ":/usr/share/java/" + jar + ".jar"
	}
	args := append([]string{"java", "-cp", class, "{servers}/" + file, "{port}"}, more...)
	return peer{Name: name, How: how, Version: debian(pkg), Programs: []program{{Args: args}}}
}

// framework is a peer on Node whose package is in the folder node, where npm has put it.
func framework(name, how string) peer {
	here, _ := filepath.Abs("node/node_modules")
	module := map[string]string{"hapi": "@hapi/hapi"}[name]
	version := filepath.Join(here, cmp.Or(module, name), "package.json")
	return peer{
		Name: name, How: how + "; on this table's Node", Version: []string{"/usr/bin/node", "-p", "require('" + version + "').version"},
		Programs: []program{{Args: []string{"/usr/bin/node", "{servers}/frameworks.cjs", name, "{port}"}, Env: []string{"NODE_PATH=" + here}}},
	}
}

// caddyVersion is the command that prints the version of a Caddy that the go command has built, which does not know its own.
var caddyVersion = []string{"sh", "-c", `go version -m "$(command -v caddy)" | awk '$1 == "mod" { print $3 }' | grep .`}

// debian is the command that prints the version of one of Debian's packages.
func debian(pkg string) []string { return []string{"dpkg-query", "-W", "-f", "${Version}\n", pkg} }

// inFront is a proxy of the chains as a peer: in front of the net/http of the table.
func (p peer) inFront() peer {
	p.Name = "net/http behind " + p.Name
	p.Programs = append([]program{{Args: []string{"{self}", serverMode, "net/http", "{port}"}}}, p.Programs...)
	return p
}

// withhold takes out what looks exploitable: for a peer of which nobody has looked whether that is public.
func (r *report) withhold(p *peer) {
	for i := range r.Results {
		if one := &r.Results[i]; one.exploitable() && !slices.Contains(p.Public, one.Name) {
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
