// One keep-alive agent of Node's sends uploads whose length it does not declare and that may be answered early, and behind
// each of them another request, which waits for the same connection.
//
// Usage: use_agent.js BASE BYTES ROUNDS ROUTE... For each round it prints a line: the route, what became of the upload and
// what of the other request, as a status or an error, with tabs between them.
'use strict';
const http = require('http');
const { Readable } = require('stream');

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function* content(size) {
  const piece = Buffer.alloc(64 << 10);
  for (; size > 0; size -= piece.length) yield piece.subarray(0, Math.min(size, piece.length));
}

function ask(method, url, data) {
  return new Promise((resolve) => {
    const request = http.request(url, { method, agent, timeout: 20_000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
      response.on('error', (error) => resolve(error.code || error.message));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => resolve(error.code || error.message));
    if (data) data.pipe(request);
    else request.end();
  });
}

async function main(base, size, rounds, ...routes) {
  for (const route of routes) {
    for (let round = 0; round < Number(rounds); round++) {
      const upload = await ask('POST', base + route, Readable.from(content(Number(size))));
      const other = await ask('GET', base + '/plaintext');
      console.log([route, upload, other].join('\t'));
    }
  }
  agent.destroy();
}

main(...process.argv.slice(2));
