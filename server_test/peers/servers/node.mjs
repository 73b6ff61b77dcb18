// Node's http: the handler answers and leaves the content to the server.
import http from 'node:http';

const replies = { '/': [200, 'hello\n'], '/ignore': [200, 'ignored\n'], '/reject': [413, 'too large\n'] };

http.createServer((request, response) => {
  const [status, text] = replies[request.url.split('?')[0]] ?? [404, 'not found\n'];
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}).listen(Number(process.argv[2]), '127.0.0.1');
