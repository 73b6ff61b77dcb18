// Node's http: the handler answers and leaves the content to the server, but for two pages that read part of it.
import http from 'node:http';

const replies = {
  '/': [200, 'hello\n'], '/ignore': [200, 'ignored\n'], '/reject': [413, 'too large\n'], '/part': [200, 'part\n'], '/limit': [200, 'limit\n'],
};

http.createServer((request, response) => {
  const page = request.url.split('?')[0];
  const answer = name => {
    if (response.headersSent) return;
    const [status, text] = replies[name] ?? [404, 'not found\n'];
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(text);
  };
  if (page !== '/part' && page !== '/limit') return answer(page);
  let bytes = 0;
  request.on('data', piece => {
    bytes += piece.length;
    if (page === '/limit' && bytes <= 1024) return;
    request.pause();
    answer(page === '/part' ? page : '/reject');
  });
  request.on('end', () => answer(page));
}).listen(Number(process.argv[2]), '127.0.0.1');
