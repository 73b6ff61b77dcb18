#!/usr/bin/env python3
"""Tries the faults of the peers' table again, without the probe: a plain socket, bytes as they stand here, and what came.

    go run . -hold -only NAME                                  # starts a peer and says where it is
    python3 confirm.py NAME http://127.0.0.1:PORT/POST [GET]   # GET is the target of a plain request, / if it is left out

Prints one line for each try: the statuses that came, in order, then how the connection ended: FIN, RST, or open.
"""

import re
import socket
import sys
import time
from urllib.parse import urlsplit

name, url = sys.argv[1], urlsplit(sys.argv[2])
get = sys.argv[3] if len(sys.argv) > 3 else "/"
host, post = url.netloc, url.path
H = b"Host: %s\r\n" % host.encode()
GET = b"GET %s HTTP/1.1\r\n%s\r\n" % (get.encode(), H)
HIDDEN = b"GET /not-asked-for HTTP/1.1\r\n%s\r\n" % H
POST = b"POST %s HTTP/1." % post.encode()
CHUNKED = POST + b"1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n"


def sized(n, fields=b"", version=b"1"):
    return POST + version + b"\r\n" + H + fields + b"Content-Length: %d\r\n\r\n" % n


def chunk(data):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


def talk(*pieces, wait=1.0, fin=False):
    """Sends the pieces, with a little time between them, reads until there is silence, and says what came."""
    s = socket.create_connection((url.hostname, url.port))
    s.settimeout(wait)
    got, end, sent = b"", "open", 0
    try:
        for piece in pieces:
            view = memoryview(piece)
            while sent < len(view):
                sent += s.send(view[sent : sent + 65536])
            sent = 0
            time.sleep(0.15)
        if fin:
            s.shutdown(socket.SHUT_WR)
    except (ConnectionResetError, BrokenPipeError):
        end = "RST while sending"
    except socket.timeout:
        end = "takes no more"
    try:
        while True:
            data = s.recv(65536)
            if not data:
                end = "FIN" if end == "open" else end
                break
            got += data
    except ConnectionResetError:
        end = "RST" if end == "open" else end
    except socket.timeout:
        pass
    s.close()
    statuses = re.findall(rb"HTTP/1\.\d (\d\d\d)", got)
    odd = "" if re.match(rb"HTTP/1\.[01] ", got) or not got else ", begins %r" % got[:20]
    html = ", an error page without a head" if b"Error code: 4" in got and len(statuses) < got.count(b"Error code: 4") + 1 else ""
    return "%s %s%s%s" % (" ".join(x.decode() for x in statuses) or "nothing", end, odd, html)


def expect(spelling):
    return b"Expect: " + spelling + b"\r\n"


TRIES = {
    "content that spells a request": lambda: talk(sized(len(HIDDEN)) + HIDDEN, GET),
    "64 KiB of requests": lambda: talk(sized(len(HIDDEN) * 900) + HIDDEN * 900, GET),
    "1 MiB": lambda: talk(sized(1 << 20) + b"x" * (1 << 20), GET),
    "chunked, spells a request": lambda: talk(CHUNKED + chunk(HIDDEN), GET),
    "GET with chunked content": lambda: talk(GET[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(HIDDEN), GET),
    "8 MiB, then the next": lambda: talk(sized(8 << 20) + b"x" * (8 << 20), GET),
    "8 MiB and close": lambda: talk(sized(8 << 20, b"Connection: close\r\n") + b"x" * (8 << 20)),
    "8 MiB, chunked": lambda: talk(CHUNKED + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 8192 + b"0\r\n\r\n"),
    "1 MiB in 1.8 s": lambda: talk(sized(12 << 16), *[b"x" * (1 << 16)] * 12),
    "1 MiB from HTTP/1.0": lambda: talk(sized(1 << 20, version=b"0") + b"x" * (1 << 20)),
    "1 MiB behind a bad head": lambda: talk(sized(1 << 20, b"Bad Name: x\r\n") + b"x" * (1 << 20)),
    "1 MiB, unknown coding": lambda: talk(POST + b"1\r\n" + H + b"Transfer-Encoding: other\r\n\r\n" + b"x" * (1 << 20)),
    "Expect, nothing sent, 5 s": lambda: talk(sized(10, expect(b"100-continue")), wait=5),
    "Expect: 100-Continue, 5 s": lambda: talk(sized(10, expect(b"100-Continue")), wait=5),
    "Expect, GET without content": lambda: talk(GET[:-2] + expect(b"100-continue") + b"\r\n", GET, wait=3),
    "Expect from HTTP/1.0": lambda: talk(sized(5, expect(b"100-continue"), b"0") + b"hello"),
    "two at once": lambda: talk(GET + GET, wait=3),
    "200 at once": lambda: talk(GET * 200, wait=2),
    "an empty line between two": lambda: talk(GET + b"\r\n" + GET, wait=2),
    "HTTP/1.9": lambda: talk(GET.replace(b"/1.1", b"/1.9")) + " " + version(),
    "1.0, keep-alive, close": lambda: talk(GET.replace(b"/1.1", b"/1.0")[:-2] + b"Connection: keep-alive, close\r\n\r\n", GET),
    "1.1, keep-alive, close": lambda: talk(GET[:-2] + b"Connection: keep-alive, close\r\n\r\n", GET, wait=3),
    "close in a second line": lambda: talk(GET[:-2] + b"Connection: te\r\nConnection: close\r\n\r\n", GET, wait=3),
    "both headers": lambda: talk(sized(len(HIDDEN) + 5, b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n" + HIDDEN, GET),
    "two lengths": lambda: talk(sized(len(HIDDEN), b"Content-Length: 0\r\n") + HIDDEN, GET),
    "+length": lambda: talk(POST + b"1\r\n" + H + b"Content-Length: +%d\r\n\r\n" % len(HIDDEN) + HIDDEN, GET),
    "length 1_0": lambda: talk(POST + b"1\r\n" + H + b"Content-Length: 1_0\r\n\r\n" + b"x" * 10 + HIDDEN, GET),
    "coding identity": lambda: talk(CHUNKED.replace(b"chunked", b"identity") + chunk(HIDDEN), GET),
    "coding xchunked": lambda: talk(CHUNKED.replace(b"chunked", b"xchunked") + chunk(HIDDEN), GET),
    "chunked twice": lambda: talk(CHUNKED.replace(b"chunked", b"chunked, chunked") + chunk(HIDDEN), GET),
    "chunked, 1.0, keep-alive": lambda: talk(CHUNKED.replace(b"1.1\r\n", b"1.0\r\nConnection: keep-alive\r\n", 1) + chunk(HIDDEN), GET),
    "a folded coding": lambda: talk(CHUNKED.replace(b": chunked", b":\r\n chunked") + chunk(HIDDEN), GET),
    "chunk size '5 '": lambda: talk(CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n", GET),
    "chunk size 0x5": lambda: talk(CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", GET),
    "chunk size 2^64+5": lambda: talk(CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n", GET, wait=4),
    "no chunk size": lambda: talk(CHUNKED + b"\r\nhello\r\n0\r\n\r\n", GET),
    "LF behind the size": lambda: talk(CHUNKED + b"5\nhello\r\n0\r\n\r\n", GET),
    "NUL in an extension": lambda: talk(CHUNKED + b"5;a=\x00\r\nhello\r\n0\r\n\r\n", GET),
    "LF behind the chunk": lambda: talk(CHUNKED + b"5\r\nhello\n0\r\n\r\n", GET),
    "trailer 'X Y'": lambda: talk(CHUNKED + b"5\r\nhello\r\n0\r\nX Y\r\n\r\n", GET),
    "trailer 'X : y'": lambda: talk(CHUNKED + b"5\r\nhello\r\n0\r\nX : y\r\n\r\n", GET),
    "not chunks at all": lambda: talk(CHUNKED + HIDDEN, GET),
    "FIN inside content": lambda: talk(sized(100000) + HIDDEN, fin=True),
    "FIN inside a chunk": lambda: talk(CHUNKED + b"fff\r\n" + HIDDEN, fin=True),
    "no Host": lambda: talk(GET.replace(H, b"")),
    "two Hosts": lambda: talk(GET[:-2] + b"Host: other\r\n\r\n"),
    "Host: a b": lambda: talk(GET.replace(H, b"Host: a b\r\n")),
    "a line without a colon": lambda: talk(GET[:-2] + b"X-Probe\r\n\r\n"),
    "NUL in a value": lambda: talk(GET[:-2] + b"X-Probe: a\x00b\r\n\r\n"),
    "CR in a value": lambda: talk(GET[:-2] + b"X-Probe: a\rX: b\r\n\r\n"),
    "LF between fields": lambda: talk(GET[:-2] + b"X-Probe: a\nX: b\r\n\r\n"),
    "a folded line": lambda: talk(GET[:-2] + b"X-Probe: a\r\n b\r\n\r\n"),
    "HTTP/2.0": lambda: talk(GET.replace(b"/1.1", b"/2.0")),
    "a target of 2 MiB": lambda: talk(GET.replace(b" HTTP", b"?" + b"x" * (2 << 20) + b" HTTP", 1), wait=3),
    "a field of 4 MiB": lambda: talk(GET[:-2] + b"X: " + b"x" * (4 << 20) + b"\r\n\r\n", wait=3),
    "4 MiB of empty lines": lambda: talk(b"\r\n" * (2 << 20) + GET, wait=8),
    "an extension of 4 MiB": lambda: talk(CHUNKED + b"5;" + b"x" * (4 << 20) + b"\r\nhello\r\n0\r\n\r\n", GET, wait=8),
    "trailers of 4 MiB": lambda: talk(CHUNKED + b"5\r\nhello\r\n0\r\n" + b"X: 0123456789\r\n" * 280000 + b"\r\n", GET, wait=8),
}


def version():
    s = socket.create_connection((url.hostname, url.port))
    s.sendall(GET.replace(b"/1.1", b"/1.9"))
    line = s.recv(100).split(b"\r\n")[0]
    s.close()
    return line.decode()


print("##", name)
for label, attempt in TRIES.items():
    try:
        print("%-32s %s" % (label, attempt()), flush=True)
    except OSError as e:
        print("%-32s %s" % (label, e), flush=True)
