// What stands behind a proxy in the place of the app, and plain requests to it.
import { createServer, request } from 'node:http';
import { request as requestTLS } from 'node:https';
import { later } from './test.js';
import { within } from './waiting.js';

/** In the place of Next.js, or of a gateway: answers every request with what it was asked, but /silent. */
export async function startWeb(t) {
  const web = { asked: [] };
  const server = createServer(async (req, res) => {
    const body = await req.toArray().then((parts) => parts.join(''), () => undefined);
    if (body === undefined) return; // the proxy gave up in the middle of it
    web.asked.push(req.url);
    if (req.url === '/login') res.setHeader('set-cookie', [1, 2, 3, 4].map((n) => `chunk.${n}=${'c'.repeat(3900)}; Path=/`));
    if (req.url === '/silent') return;
    if (req.url === '/stream') {
      res.write('first, ');
      await new Promise((resolve) => (web.finish = resolve));
      res.end('and the rest');
      return;
    }
    res.end(JSON.stringify({ method: req.method, path: req.url, headers: req.headers, body }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  web.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  later(t, web.stop);
  web.host = `127.0.0.1:${server.address().port}`;
  return web;
}

/** A request, and its answer once that is complete. `from` is the client's own address. */
export function send(url, { method = 'GET', headers, body, from, ca, onData = () => {} } = {}) {
  return within(60_000, `the answer to ${method} ${url}`, new Promise((resolve, reject) => {
    const req = (url.startsWith('https:') ? requestTLS : request)(url, { method, headers, localAddress: from, ca, agent: false });
    req.on('error', reject);
    req.on('upgrade', (res, socket) => resolve({ status: res.statusCode, socket }));
    req.on('response', async (res) => {
      let text = '';
      for await (const part of res.setEncoding('utf8')) onData(text += part);
      resolve({ status: res.statusCode, headers: res.headers, text });
    });
    req.end(body);
  }));
}
