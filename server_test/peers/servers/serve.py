"""Serves the application of app.py: serve.py SERVER PORT."""

import sys

from app import app, exhausting


def werkzeug(port, application, kept):
    from werkzeug.serving import WSGIRequestHandler, run_simple

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def send_header(self, keyword, value):
            # Since 2.1.2 the server ends every connection; kept shows what it did before.
            if not (kept and keyword == "Connection"):
                super().send_header(keyword, value)

    run_simple("127.0.0.1", port, application, request_handler=Handler, threaded=True)


def main(server, port):
    if server == "wsgiref":
        from wsgiref.simple_server import make_server

        make_server("127.0.0.1", port, app).serve_forever()
    elif server == "waitress":
        from waitress import serve

        serve(app, host="127.0.0.1", port=port)
    elif server == "cheroot":
        from cheroot.wsgi import Server

        Server(("127.0.0.1", port), app).start()
    elif server == "gevent":
        from gevent.pywsgi import WSGIServer

        WSGIServer(("127.0.0.1", port), app, log=None, error_log=None).serve_forever()
    elif server in ("paste", "paste11"):
        from paste import httpserver

        httpserver.serve(app, "127.0.0.1", port, protocol_version="HTTP/1.1" if server == "paste11" else None)
    elif server.startswith("werkzeug"):
        werkzeug(port, exhausting(app) if server.endswith("exhausted") else app, "kept" in server)
    else:
        sys.exit("no server " + server)


main(sys.argv[1], int(sys.argv[2]))
