// Frameworks for Node, each as its manual has it: frameworks.cjs NAME PORT. The handler answers and leaves the content to them.
const [name, port] = [process.argv[2], Number(process.argv[3])];
const replies = { '/': [200, 'hello\n'], '/ignore': [200, 'ignored\n'], '/reject': [413, 'too large\n'] };
const reply = (path) => replies[path.split('?')[0]] ?? [404, 'not found\n'];
const type = 'text/plain; charset=utf-8';
const host = '127.0.0.1';

const serve = {
  fastify() {
    const app = require('fastify')({ bodyLimit: 64 << 20 });
    app.addContentTypeParser('*', (request, payload, done) => done(null)); // which is how it lets a handler have the stream
    app.all('*', (request, answer) => {
      const [status, text] = reply(request.url);
      answer.code(status).type(type).send(text);
    });
    app.listen({ host, port });
  },
  koa() {
    const app = new (require('koa'))();
    app.silent = true;
    app.use((context) => {
      const [status, text] = reply(context.path);
      context.status = status;
      context.type = type;
      context.body = text;
    });
    app.listen(port, host);
  },
  hapi() {
    const app = require('@hapi/hapi').server({ host, port });
    const answer = (request, h) => {
      const [status, text] = reply(request.path);
      return h.response(text).code(status).type(type);
    };
    const path = '/{path*}';
    app.route({ method: 'GET', path, handler: answer });
    app.route({ method: '*', path, handler: answer, options: { payload: { output: 'stream', parse: false } } });
    app.start();
  },
};
serve[name]();
