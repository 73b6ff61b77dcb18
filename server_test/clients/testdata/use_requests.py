# One session of Python's requests sends uploads whose length it does not declare and that may be answered early, and behind
# each of them another request.
#
# Usage: use_requests.py BASE BYTES ROUNDS ROUTE... For each round it prints a line: the route, what became of the upload
# and what of the other request, as a status or an error, with tabs between them.
import sys

import requests


def content(size):
    piece = bytes(64 << 10)
    while size > 0:
        yield piece[:size]
        size -= len(piece)


def ask(session, method, url, data=None):
    try:
        return str(session.request(method, url, data=data, timeout=20).status_code)
    except requests.RequestException as error:
        return " ".join(repr(error).split())


def main(base, size, rounds, *routes):
    with requests.Session() as session:
        for route in routes:
            for _ in range(int(rounds)):
                upload = ask(session, "POST", base + route, content(int(size)))
                other = ask(session, "GET", base + "/plaintext")
                print(route, upload, other, sep="\t", flush=True)


main(*sys.argv[1:])
