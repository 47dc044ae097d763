// A proxy in which WebSocket handshakes wait, so that a test decides when clients go on from long-polling.
import { connect, createServer } from 'node:net';
import { later } from './test.js';

/** A proxy before the gateway, to be used in its place. Handshakes of WebSockets wait until release() is called. */
export async function holdUpgrades(t, gateway) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const sockets = new Set();
  const server = createServer((client) => {
    client.once('data', async (head) => {
      client.pause();
      if (head.includes('transport=websocket')) await released;
      const upstream = connect(gateway.port, '127.0.0.1');
      for (const [one, other] of [[client, upstream], [upstream, client]]) {
        sockets.add(one);
        one.on('error', () => {}).on('close', () => other.destroy());
      }
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  later(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, release };
}
