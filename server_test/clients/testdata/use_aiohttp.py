# One aiohttp session sends uploads whose length it does not declare and that may be answered early, and behind each of them
# another request.
#
# Usage: use_aiohttp.py BASE BYTES ROUNDS ROUTE... For each round it prints a line: the route, what became of the upload
# and what of the other request, as a status or an error, with tabs between them.
import asyncio
import sys

import aiohttp


async def content(size):
    piece = bytes(64 << 10)
    while size > 0:
        yield piece[:size]
        size -= len(piece)


async def ask(session, method, url, data=None):
    try:
        async with session.request(method, url, data=data) as response:
            await response.read()
            return str(response.status)
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        return " ".join(repr(error).split())


async def main(base, size, rounds, *routes):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        for route in routes:
            for _ in range(int(rounds)):
                upload = await ask(session, "POST", base + route, content(int(size)))
                other = await ask(session, "GET", base + "/plaintext")
                print(route, upload, other, sep="\t", flush=True)


asyncio.run(main(*sys.argv[1:]))
