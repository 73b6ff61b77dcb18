// Express: the handler answers and leaves the content to the server.
const express = require('express');

const replies = { '/': [200, 'hello\n'], '/ignore': [200, 'ignored\n'], '/reject': [413, 'too large\n'] };
const app = express();
app.disable('etag');
app.use((request, response) => {
  const [status, text] = replies[request.path] ?? [404, 'not found\n'];
  response.status(status).type('text/plain').send(text);
});
app.listen(Number(process.argv[2]), '127.0.0.1');
