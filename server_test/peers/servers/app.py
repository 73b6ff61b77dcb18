"""One WSGI application for every server that is written in Python."""

import resource

# Werkzeug 2.2.2 makes up what a client has announced in a chunk's size and never sent: 2^64 bytes, if nothing stops it.
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

REPLIES = {
    "/": ("200 OK", b"hello\n"),
    "/ignore": ("200 OK", b"ignored\n"),
    "/ignore_body": ("200 OK", b"ignored\n"),
    "/reject": ("413 Request Entity Too Large", b"too large\n"),
    "/part": ("200 OK", b"part\n"),
    "/limit": ("200 OK", b"limit\n"),
}


def app(environ, start_response):
    path = environ.get("PATH_INFO")
    if path == "/fail_first":
        raise RuntimeError("this route fails before it reads")
    status, text = REPLIES.get(path, ("404 Not Found", b"not found\n"))
    if path == "/consume_body":
        status, text = "200 OK", b"consumed %d bytes\n" % consume(environ)
    if path == "/part":
        environ["wsgi.input"].read(10)
    if path == "/limit" and len(environ["wsgi.input"].read(1025)) > 1024:
        status, text = REPLIES["/reject"]
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]


def consume(environ):
    """Reads what PEP 3333 lets an application read: the declared length, or to the end where the server marks one."""
    if environ.get("wsgi.input_terminated"):
        return len(environ["wsgi.input"].read())
    return len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def exhausting(inner):
    """The middleware that is recommended against leftover content: it reads the declared length before the application."""

    def outer(environ, start_response):
        left = int(environ.get("CONTENT_LENGTH") or 0)
        while left > 0:
            piece = environ["wsgi.input"].read(min(left, 1 << 16))
            if not piece:
                break
            left -= len(piece)
        return inner(environ, start_response)

    return outer
