// Which web pages may connect. A browser sends the cookie along from any page, so the Origin decides.
import assert from 'node:assert/strict';
import { startGateway } from './harness/gateway.js';
import { client, connect, refusal } from './harness/people.js';
import { test } from './harness/test.js';
import { handshakeStatus } from './harness/wire.js';

test("another site's page can not connect with the visitor's cookie", async (t) => {
  const gateway = await startGateway(t);
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'file://', 'garbage']) {
    await refusal(client(t, gateway, { as: 'ann', headers: { origin } })).catch(() => assert.fail(`${origin} was let in`));
    const status = await handshakeStatus(t, gateway, { headers: { origin } });
    assert.ok(status >= 400 && status < 500, `${origin} answered ${status}`);
  }
});

test('a page of the same host connects, over TLS at the proxy too', async (t) => {
  const gateway = await startGateway(t);
  await connect(t, gateway, { as: 'ann', headers: { origin: gateway.url } });
  await connect(t, gateway, { as: 'ann', headers: { host: 'app.example', origin: 'https://app.example' } });
});

test('without an Origin there is no browser, and the token alone decides', async (t) => {
  await connect(t, await startGateway(t), 'ann');
});

test('ALLOWED_ORIGINS lets the listed pages in, and only those', async (t) => {
  const gateway = await startGateway(t, { ALLOWED_ORIGINS: 'https://app.example,https://www.app.example' });
  await connect(t, gateway, { as: 'ann', headers: { origin: 'https://app.example' } });
  await connect(t, gateway, { as: 'ann', headers: { origin: 'https://www.app.example' } });
  await connect(t, gateway, { as: 'ann', headers: { origin: gateway.url } });
  for (const origin of ['https://app.example.evil.example', 'http://app.example', 'https://app.example:8443', 'https://evil-app.example']) {
    const status = await handshakeStatus(t, gateway, { headers: { origin } });
    assert.ok(status >= 400 && status < 500, `${origin} answered ${status}`);
  }
});
