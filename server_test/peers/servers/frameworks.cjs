// Node's frameworks; the handlers answer and leave the content to the server: frameworks.cjs NAME PORT
const replies = { '/': [200, 'hello\n'], '/ignore': [200, 'ignored\n'], '/reject': [413, 'too large\n'] };
const reply = url => replies[url.split('?')[0]] ?? [404, 'not found\n'];
const type = 'text/plain; charset=utf-8';

const servers = {
  fastify(port, host) {
    const app = require('fastify')();
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (request, content, done) => done(null));
    app.all('/*', (request, response) => {
      const [status, text] = reply(request.url);
      response.code(status).type(type).send(text);
    });
    app.listen({ port, host });
  },
  koa(port, host) {
    const Koa = require('koa');
    const app = new Koa();
    app.use(context => {
      const [status, text] = reply(context.url);
      Object.assign(context, { status, type, body: text });
    });
    app.listen(port, host);
  },
  hapi(port, host) {
    const app = require('@hapi/hapi').server({ port, host });
    app.route({
      method: '*',
      path: '/{p*}',
      options: { payload: { output: 'stream', parse: false, maxBytes: 64 << 20 } },
      handler(request, h) {
        const [status, text] = reply(request.path);
        return h.response(text).type(type).code(status);
      },
    });
    app.start();
  },
};
servers[process.argv[2]](Number(process.argv[3]), '127.0.0.1');
