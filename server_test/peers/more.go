// The peers beyond the first ones: Python's servers with their own loops, Ruby's, and some that are written in C.

package main

// morePeers are in the table's order.
func morePeers() []peer {
	return []peer{
		wsgi("Tornado", "its own handlers", "tornado", python, "{servers}/serve_own.py", "tornado", "{port}"),
		wsgi("aiohttp", "its own handlers; the parser in C, as Debian builds it", "aiohttp", python, "{servers}/serve_own.py", "aiohttp", "{port}"),
		wsgi("Twisted", "twisted.web", "twisted", python, "{servers}/serve_own.py", "twisted", "{port}"),
		wsgi("uvicorn, h11", "--http h11", "uvicorn", python, "-m", "uvicorn", "--app-dir", "{servers}", "--http", "h11", "--loop", "asyncio",
			"--host", "127.0.0.1", "--port", "{port}", "--log-level", "critical", "serve_own:asgi"),
		wsgi("Cheroot", "its WSGI server", "cheroot", python, "{servers}/serve.py", "cheroot", "{port}"),
		wsgi("gevent", "pywsgi", "gevent", python, "{servers}/serve.py", "gevent", "{port}"),
		{
			Name: "uWSGI", How: "--http-socket --http-keepalive, one process", Version: []string{"uwsgi", "--version"},
			Programs: []program{{Args: []string{
				"uwsgi", "--plugin", "python3", "--http-socket", "127.0.0.1:{port}", "--http-keepalive", "--add-header", "X: y",
				"--chdir", "{servers}", "--wsgi-file", "{servers}/app.py", "--callable", "app", "--disable-logging", "--need-app", "--die-on-term",
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
}
