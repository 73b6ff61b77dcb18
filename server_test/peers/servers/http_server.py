"""http.server with HTTP/1.1: http_server.py ignore|consume PORT."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPLIES = {"/": (200, b"hello\n"), "/ignore": (200, b"ignored\n"), "/reject": (413, b"too large\n")}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer()

    def do_HEAD(self):
        self.answer()

    def do_POST(self):
        if sys.argv[1] == "consume":
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer()

    def answer(self):
        status, text = REPLIES.get(self.path.partition("?")[0], (404, b"not found\n"))
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
