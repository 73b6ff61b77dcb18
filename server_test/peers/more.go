// The peers beyond the first ones: Python's servers with their own loops, Ruby's, and some that are written in C.

package main

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
			Name: "uWSGI", How: "--http11-socket, one process", Version: []string{"uwsgi", "--version"},
			Programs: []program{{Args: []string{
				"uwsgi", "--plugin", "python3", "--http11-socket", "127.0.0.1:{port}", "--chdir", "{servers}", "--wsgi-file", "{servers}/app.py",
				"--callable", "app", "--disable-logging", "--need-app", "--die-on-term",
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
	for _, p := range proxies() {
		more = append(more, p.inFront())
	}
	for i := range more {
		more[i].Withheld = true
	}
	return more
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
