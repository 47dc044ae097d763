// The demo's page, and pages of other sites, in a real Chromium.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { openBrowser, watchTraffic } from './harness/browser.js';
import { startDemo, startGateway } from './harness/gateway.js';
import { connect, hears, join, person, say, token, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { inOnePlace, later, test } from './harness/test.js';
import { until } from './harness/waiting.js';

/** A tab of that person in that room of the demo, connected and upgraded. */
async function enter(context, demo, name, room) {
  const page = await context.newPage();
  const traffic = watchTraffic(page);
  await page.goto(`${demo.url}/?as=${name}#${room}`);
  return settled(page, traffic);
}

async function settled(page, traffic) {
  await page.waitForSelector('#status[data-state=connected]');
  await until('the upgrade', () => traffic.sent.includes('5'), 10_000);
  return Object.assign(page, { traffic });
}

const members = (page) => page.$$eval('#members li span:not(.face):not(.dim)', (names) => names.map((name) => name.textContent).sort());

async function seesMembers(page, names) {
  let last;
  await until(`the members ${names}`, async () => (last = await members(page)).join() === names.join(), 10_000).catch((failure) => {
    failure.message += `; the last were ${last}`;
    throw failure;
  });
}

/** Types a message, sends it, and waits until the page shows it as stored. Answers its id. */
async function write(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
  return shows(page, text);
}

/** Waits until the page shows a stored message, and answers its id. */
async function shows(page, text) {
  const message = page.locator('.message[data-id]', { has: page.getByText(text, { exact: true }) });
  await message.waitFor();
  return message.getAttribute('data-id');
}

const texts = (page) => page.$$eval('.message .text', (all) => all.map((text) => text.textContent));

test('two people in two windows meet and chat, by WebSocket after a beginning with polling', async (t) => {
  const demo = await startDemo(t);
  const { context } = await openBrowser(t);
  const maya = await context.newPage();
  const traffic = watchTraffic(maya);
  await maya.goto(`${demo.url}/#kitchen`);
  await maya.click('#names button:first-child');
  await settled(maya, traffic);
  await seesMembers(maya, ['Maya']);
  const [jonas] = await Promise.all([context.waitForEvent('page'), maya.click('#second')]);
  await jonas.waitForSelector('#status[data-state=connected]');
  for (const page of [maya, jonas]) await seesMembers(page, ['Jonas', 'Maya']);

  const polls = maya.traffic.polls;
  assert.ok(polls > 0, 'an unmodified client begins with polling');
  const ids = [await write(maya, 'Hello from Maya'), await write(jonas, 'Hello from Jonas')];
  for (const page of [maya, jonas]) {
    assert.deepEqual([await shows(page, 'Hello from Maya'), await shows(page, 'Hello from Jonas')], ids);
    assert.deepEqual(await texts(page), ['Hello from Maya', 'Hello from Jonas']);
  }
  assert.ok(maya.traffic.sent.some((frame) => frame.includes('Hello from Maya')), 'sent by WebSocket');
  assert.ok(maya.traffic.received.some((frame) => frame.includes('Hello from Jonas')), 'received by WebSocket');
  assert.equal(maya.traffic.polls, polls, 'no polling after the upgrade');
  assert.equal(maya.traffic.sent.filter((frame) => frame === '5').length, 1, 'one upgrade');
});

test('the database panel shows a row of ciphertext for each message, and nothing that was said', async (t) => {
  const demo = await startDemo(t);
  const { context } = await openBrowser(t);
  const maya = await enter(context, demo, 'Maya', 'lobby');
  const ids = [];
  for (const text of ['plaintext one', 'plaintext two', 'plaintext three']) ids.unshift(await write(maya, text));
  await maya.waitForSelector(`#rows > li[data-id="${ids[0]}"]`);
  const rows = await maya.$$eval('#rows > li', (all) => all.map((row) => [row.dataset.id, row.querySelector('.text dd').textContent]));
  assert.deepEqual(rows.map(([id]) => id), ids, 'newest first');
  for (const [, stored] of rows) assert.match(stored, /^[0-9a-f]{32}:[0-9a-f]{32}:[0-9a-f]+$/);
  assert.doesNotMatch(await maya.textContent('#rows'), /plaintext/);
});

test("the member list follows the tabs: a person counts once, and goes with the last of theirs", async (t) => {
  const demo = await startDemo(t);
  const { context } = await openBrowser(t);
  const maya = await enter(context, demo, 'Maya', 'lobby');
  const tabs = [await enter(context, demo, 'Jonas', 'lobby'), await enter(context, demo, 'Jonas', 'lobby')];
  for (const page of [maya, ...tabs]) await seesMembers(page, ['Jonas', 'Maya']);
  await tabs[0].close();
  const priya = await enter(context, demo, 'Priya', 'lobby'); // her coming brings a list that is newer than the closing
  for (const page of [maya, tabs[1], priya]) await seesMembers(page, ['Jonas', 'Maya', 'Priya']);
  await tabs[1].close();
  for (const page of [maya, priya]) await seesMembers(page, ['Maya', 'Priya']);
});

test('the longest name leaves the other rooms in reach, and Hebrew is read from right to left', async (t) => {
  const demo = await startDemo(t);
  const { context } = await openBrowser(t);
  const name = 'W'.repeat(32); // the most that the demo takes
  const page = await enter(context, demo, name, 'lobby');
  await seesMembers(page, [name]);
  assert.ok(await page.$eval('.people', (panel) => panel.scrollWidth <= panel.clientWidth), 'the panel of rooms is as wide as its column');
  await write(page, 'שלום!');
  const [first, last] = await page.$eval('.message .text', ({ firstChild: text }) => [0, 4].map((at) => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  }));
  assert.ok(last < first, 'the mark at its end stands on the left');
});

test('who has switched rooms is no ghost: neither on the list nor among the hearers', async (t) => {
  const demo = await startDemo(t);
  const { context } = await openBrowser(t);
  const [maya, jonas] = [await enter(context, demo, 'Maya', 'lobby'), await enter(context, demo, 'Jonas', 'lobby')];
  await seesMembers(maya, ['Jonas', 'Maya']);
  await jonas.click('#rooms a:text-is("kitchen")');
  await seesMembers(jonas, ['Jonas']);
  await seesMembers(maya, ['Maya']);
  await write(maya, 'is he gone?');
  await write(jonas, 'in the kitchen');
  assert.deepEqual([await texts(maya), await texts(jonas)], [['is he gone?'], ['in the kitchen']]);
  assert.ok(!jonas.traffic.received.some((frame) => frame.includes('is he gone?')), 'it did not even reach his browser');
});

test('what is said while the line is cut arrives once, in its place, marked as such', async (t) => {
  const demo = await startDemo(t);
  const { context } = await openBrowser(t);
  const [maya, jonas] = [await enter(context, demo, 'Maya', 'lobby'), await enter(context, demo, 'Jonas', 'lobby')];
  await seesMembers(maya, ['Jonas', 'Maya']);
  await write(jonas, 'before');
  await shows(maya, 'before');
  await maya.click('#cut');
  await maya.waitForSelector('#status[data-state=reconnecting]');
  await write(jonas, 'meanwhile');
  await maya.waitForSelector('#status[data-state=connected]', { timeout: 15_000 });
  await shows(maya, 'meanwhile');
  await write(jonas, 'after');
  await shows(maya, 'after');
  assert.deepEqual(await texts(maya), ['before', 'meanwhile', 'after']);
  assert.deepEqual(await maya.$$eval('.message.missed .text', (all) => all.map((text) => text.textContent)), ['meanwhile']);
  await write(maya, 'still in the room');
  await shows(jonas, 'still in the room');
}, { timeout: 60_000 });

test('the page comes back by itself when the demo does, and sends what was written meanwhile', async (t) => {
  const port = await freePort();
  const demos = inOnePlace(t);
  const first = await startDemo(demos, { port });
  const { context, complaints } = await openBrowser(t);
  const maya = await enter(context, first, 'Maya', 'lobby');
  await write(maya, 'before');
  await first.kill();
  await maya.waitForSelector('#status[data-state=reconnecting]');
  await maya.fill('#text', 'meanwhile');
  await maya.press('#text', 'Enter');
  await startDemo(demos, { port });
  await maya.waitForSelector('#status[data-state=connected]', { timeout: 15_000 });
  await shows(maya, 'meanwhile');
  assert.deepEqual(complaints.splice(0).filter((complaint) => !/ERR_CONNECTION|Failed to load resource|WebSocket connection to/.test(complaint)), []);
});

/** A web site of another host than the gateway's, whose page runs an unmodified client as `window.socket`. */
async function openSite(t, gatewayURL, auth, more = {}) {
  const bundle = await readFile(new URL('node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url));
  const options = JSON.stringify({ withCredentials: true, auth, ...more });
  const server = createServer((request, response) => {
    if (request.url === '/client.js') return response.setHeader('content-type', 'text/javascript').end(bundle);
    response.setHeader('content-type', 'text/html').end(request.url === '/'
      ? `<link rel="icon" href="data:,"><script src="/client.js"></script><script>window.socket = io(${JSON.stringify(gatewayURL)}, ${options});
         socket.once("connect_error", (error) => (window.refusal = error.message));</script>` : '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${server.address().port}`;
}

test('a page of another site chats if ALLOWED_ORIGINS lists it, and is refused if not', async (t) => {
  const PORT = await freePort();
  const sites = ['ours', 'evil'].map(() => openSite(t, `http://127.0.0.1:${PORT}`, { token: token(person('ann')) }));
  const [ours, evil] = await Promise.all(sites);
  const gateway = await startGateway(t, { PORT, ALLOWED_ORIGINS: ours });
  const { context, complaints } = await openBrowser(t);

  const page = await context.newPage();
  const traffic = watchTraffic(page);
  await page.goto(ours);
  await page.waitForFunction(() => window.socket.connected);
  await until('the upgrade', () => traffic.sent.includes('5'), 10_000);
  assert.ok(traffic.polls > 0);
  const bob = await connect(t, gateway, 'bob');
  await join(bob, 'lobby');
  await page.evaluate(async () => {
    window.heard = new Promise((resolve) => socket.on('receive_message', resolve));
    await socket.emitWithAck('join_room', 'lobby');
  });
  await say(bob, 'lobby', 'hello');
  assert.equal(await page.evaluate(async () => (await window.heard).text), words('hello'));
  const ack = await page.evaluate((text) => socket.emitWithAck('send_message', { roomId: 'lobby', text }), words('from a page'));
  assert.ok(ack.ok);
  await hears(bob, 'from a page');
  assert.deepEqual(complaints, []);

  const other = await context.newPage();
  await other.goto(evil);
  assert.equal(await (await other.waitForFunction(() => window.refusal)).jsonValue(), 'xhr poll error');
  assert.equal(await other.evaluate(() => socket.connected), false);
  await other.close();
  assert.ok(complaints.splice(0).some((complaint) => /CORS/.test(complaint)), 'the browser itself keeps the answer back');
});

test('in development a page on localhost:3000 chats with the gateway on :4000 by its cookie, and no variable says so', async (t) => {
  for (const transports of [['polling'], ['polling', 'websocket']]) {
    const PORT = await freePort();
    const site = await openSite(t, `http://localhost:${PORT}`, undefined, { transports });
    await startGateway(t, { PORT, POLLING: 'full' });
    const { context } = await openBrowser(t);
    await context.addCookies([{ name: 'token', value: token(person('ann')), url: site, httpOnly: true, sameSite: 'Lax' }]);
    const page = await context.newPage();
    const traffic = watchTraffic(page);
    await page.goto(site);
    await page.waitForFunction(() => window.socket.connected);
    if (transports.length > 1) await until('the upgrade', () => traffic.sent.includes('5'), 10_000);
    const members = await page.evaluate(async () => (await socket.emitWithAck('join_room', 'lobby')).members);
    assert.deepEqual(members.map((member) => member.username), ['ann']);
    assert.equal(traffic.sent.length > 0, transports.length > 1);
    await page.close();
  }
});

test('in production a page on another port of the same machine is refused', async (t) => {
  const PORT = await freePort();
  const site = await openSite(t, `http://localhost:${PORT}`, { token: token(person('ann')) });
  await startGateway(t, { PORT, NODE_ENV: 'production' });
  const { context, complaints } = await openBrowser(t);
  const page = await context.newPage();
  await page.goto(site);
  assert.equal(await (await page.waitForFunction(() => window.refusal)).jsonValue(), 'xhr poll error');
  complaints.splice(0);
});
