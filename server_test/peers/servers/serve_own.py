"""The servers that have a handler API of their own, with the replies of app.py: serve_own.py SERVER PORT."""

import sys

from app import REPLIES

TYPE = "text/plain; charset=utf-8"


def reply(path):
    status, text = REPLIES.get(path, ("404 Not Found", b"not found\n"))
    return int(status.split()[0]), text


def tornado(port):
    import asyncio

    import tornado.web

    class Handler(tornado.web.RequestHandler):
        SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")

        def answer(self):
            status, text = reply(self.request.path)
            self.set_status(status)
            self.set_header("Content-Type", TYPE)
            self.finish(text)

        get = head = post = put = delete = options = patch = answer

    async def main():
        tornado.web.Application([(r"/.*", Handler)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(main())


def aiohttp(port):
    from aiohttp import web

    async def handler(request):
        status, text = reply(request.path)
        return web.Response(status=status, body=text, headers={"Content-Type": TYPE})

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handler)
    web.run_app(application, host="127.0.0.1", port=port, print=None)


def twisted(port):
    from twisted.internet import reactor
    from twisted.web import resource, server

    class Everything(resource.Resource):
        isLeaf = True

        def render(self, request):
            status, text = reply(request.path.decode("latin-1"))
            request.setResponseCode(status)
            request.setHeader("Content-Type", TYPE)
            return text

    reactor.listenTCP(port, server.Site(Everything()), interface="127.0.0.1")
    reactor.run()


async def asgi(scope, receive, send):
    """The application for ASGI servers: it answers without a look at the content."""
    if scope["type"] != "http":
        return
    status, text = reply(scope["path"])
    headers = [(b"content-type", TYPE.encode()), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


if __name__ == "__main__":
    {"tornado": tornado, "aiohttp": aiohttp, "twisted": twisted}[sys.argv[1]](int(sys.argv[2]))
