// The sample app whose own server lives in instrumentation.ts, in Chromium, through nginx: what its pages do, a deploy in the
// middle of it, and no page that has seen a disconnect.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { startAttachable } from '../harness/attached.js';
import { openBrowser, watchTraffic } from '../harness/browser.js';
import { movedApp } from '../harness/moved.js';
import { startNginx } from '../harness/nginx.js';
import { freePort } from '../harness/ports.js';
import { test } from '../harness/test.js';
import { until } from '../harness/waiting.js';

const SAMPLE = fileURLToPath(new URL('../../../deploy/nextjs-attach', import.meta.url));

/** A page of somebody's, who is connected. `polling` is a browser that knows no WebSocket. */
async function visit(t, site, name, { polling = false } = {}) {
  const { context, complaints } = await openBrowser(t);
  await context.route('**/favicon.ico', (route) => route.fulfill({ status: 204 })); // the sample has none
  if (polling) await context.addInitScript(() => delete globalThis.WebSocket);
  const page = await context.newPage();
  const traffic = watchTraffic(page);
  await page.goto(`${site}/?name=${name}`);
  await page.locator('main[data-connected=true]').waitFor();
  return { page, traffic, complaints };
}

async function post({ page }, text) {
  await page.getByLabel('Text').fill(text); // says that one types
  await page.getByRole('button', { name: 'Post' }).click();
}

const line = ({ page }, text) => page.getByRole('listitem').filter({ hasText: text });

/** Waits until a post is on the page, read by all of these and with these reactions. */
async function sees(visitor, text, readers, reactions) {
  let last;
  await until(`${text}, read by ${readers}, with ${reactions}`, async () => {
    last = await line(visitor, text).textContent();
    return readers.every((reader) => last.match(/read by (.*?) 👍/)?.[1].split(', ').includes(reader)) && reactions.every((one) => last.includes(one));
  }, 15_000).catch((failure) => {
    throw new Error(`${failure.message}; the page says ${last}`);
  });
}

test('typing, receipts, reactions and posts by a Server Action, and a deploy that no page notices', async (t) => {
  const gateway = await startAttachable(t);
  const port = await freePort();
  const next = movedApp(t, gateway, SAMPLE, ['node_modules/next/dist/bin/next', 'start', '-p', String(port)], { env: { NEXT_TELEMETRY_DISABLED: '1' } });
  await next.start();
  const nginx = await startNginx(t, { gateways: [gateway.host], web: `127.0.0.1:${port}` });
  const [ann, bob, pia] = [await visit(t, nginx.url, 'ann'), await visit(t, nginx.url, 'bob'), await visit(t, nginx.url, 'pia', { polling: true })];
  const all = [ann, bob, pia];
  const names = ['ann', 'bob', 'pia'];

  await ann.page.getByLabel('Text').fill('hel');
  for (const other of [bob, pia]) await other.page.getByText('ann is typing…').waitFor();
  await post(ann, 'hello');
  for (const each of all) await sees(each, 'hello', names, []);
  await line(bob, 'hello').getByRole('button').click();
  for (const each of all) await sees(each, 'hello', names, ['👍 bob']);

  await next.deploy(async () => {
    await line(pia, 'hello').getByRole('button').click(); // while no process is there
    await line(ann, 'hello').getByRole('button').click();
  });
  for (const each of all) await sees(each, 'hello', names, ['👍 bob', '👍 pia', '👍 ann']);
  await post(pia, 'after the deploy');
  for (const each of all) await sees(each, 'after the deploy', names, []);
  await line(ann, 'after the deploy').getByRole('button').click();
  for (const each of all) await sees(each, 'after the deploy', names, ['👍 ann']);

  for (const { page } of all) {
    assert.deepEqual(await page.locator('main').evaluate((main) => ({ ...main.dataset })), { connected: 'true', disconnects: '0' });
  }
  assert.ok(ann.traffic.polls > 0 && ann.traffic.sent.length > 0, 'began by polling, went on by WebSocket');
  assert.ok(pia.traffic.polls > 10 && pia.traffic.sent.length === 0, 'polling only');
  assert.deepEqual(await Promise.all(all.map(({ page }) => page.evaluate(() => performance.getEntriesByType('navigation').length))), [1, 1, 1], 'no page was loaded again');
}, { timeout: 180_000 });
