// What the sample app promises by itself, in a real Chromium behind nginx. nextjs.test.js has what every proxy must carry.
import assert from 'node:assert/strict';
import { API_KEY } from './harness/api.js';
import { openForm } from './harness/forms.js';
import { startNginx } from './harness/nginx.js';
import { RECONNECTED, newcomer, startApp } from './harness/nextjs.js';
import { words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { sideBySide, test } from './harness/test.js';
import { until } from './harness/waiting.js';

const PATIENT = { timeout: 100_000 };

/** The app, and somebody in a room of it. */
async function oneInARoom(t) {
  const app = await startApp(t, startNginx);
  const maya = await newcomer(t, app, 'maya');
  return { app, maya, room: await maya.opens('Kitchen table') };
}

async function twoInARoom(t) {
  const { app, maya, room } = await oneInARoom(t);
  const jonas = await newcomer(t, app, 'jonas');
  await jonas.visits(room);
  return { app, maya, jonas, room };
}

sideBySide('the sample app', () => {
  test('what waits for the connection outlives a look into another room and a reload', async (t) => {
    const { app, maya, jonas } = await twoInARoom(t);
    await maya.opens('Weekend hikes');
    await maya.goesTo('Kitchen table');
    await app.gateway.stop();
    await maya.page.locator('.status[data-state=connecting]').waitFor();
    await maya.types('written meanwhile');
    await maya.page.getByText('Will be sent when you’re connected').waitFor();
    for (const room of ['Weekend hikes', 'Kitchen table']) {
      await maya.page.locator('.room-list a', { hasText: room }).click();
      await maya.page.getByRole('heading', { name: room, level: 1 }).waitFor();
    }
    const field = maya.page.getByLabel(/^Message to /);
    await field.fill('half a thought');
    await maya.page.reload();
    await maya.page.getByText('Will be sent when you’re connected').waitFor();
    assert.equal(await field.inputValue(), 'half a thought');
    await app.restartGateway();
    for (const person of [maya, jonas]) {
      await person.reads('written meanwhile', RECONNECTED);
      assert.deepEqual(await person.texts(), [words('written meanwhile')], `what ${person.name} sees`);
    }
    await jonas.says('all well');
    await maya.reads('all well');
    for (const person of [maya, jonas]) person.forgives(); // what their browsers had to say of the time without a gateway
  }, PATIENT);

  test('a room that somebody opens is on the pages of the others at once', async (t) => {
    const API_ADDR = `127.0.0.1:${await freePort()}`;
    const app = await startApp(t, startNginx, { env: { API_ADDR, API_KEY, SOCKETGATE_URL: `http://${API_ADDR}`, SOCKETGATE_KEY: API_KEY } });
    const [maya, jonas] = [await newcomer(t, app, 'maya'), await newcomer(t, app, 'jonas')];
    await maya.opens('Kitchen table');
    await jonas.page.locator('.room-list a', { hasText: 'Kitchen table' }).waitFor();
    assert.ok(!app.gateway.log.includes(API_KEY));
  }, PATIENT);

  test('while the web app does not answer, who is in a room goes on', async (t) => {
    const { maya, jonas } = await twoInARoom(t);
    const refused = [];
    const isPage = ({ pathname }) => !pathname.startsWith('/socket.io/');
    await maya.page.route(isPage, (route) => {
      refused.push(route.request().url());
      return route.fulfill({ status: 502, body: 'Bad Gateway' });
    });
    await maya.page.evaluate(() => dispatchEvent(new Event('focus'))); // she comes back to the page, which looks for news
    await until('a request that the app does not answer', () => refused.length > 0, 10_000);
    await maya.says('still here');
    await jonas.reads('still here');
    await jonas.says('and so am I');
    await maya.reads('and so am I');
    maya.forgives();
  }, PATIENT);

  test('earlier messages come in above what is being read', async (t) => {
    const { app, maya, room } = await oneInARoom(t);
    await app.database.query(`INSERT INTO "Message" (id, text, "userId", "roomId", "createdAt")
      SELECT 'id-' || n, 'not even encrypted', id, $1, "createdAt" - (120 - n) * interval '1 s' FROM "User", generate_series(1, 120) n`, [room]);
    await maya.visits(room);
    const { page } = maya;
    await page.locator('.scroller').evaluate((scroller) => scroller.scrollTo(0, -scroller.scrollHeight));
    const read = page.locator('[data-id=id-71]');
    const { y } = await read.boundingBox();
    for (const first of ['id-22', 'id-1']) {
      await page.getByRole('button', { name: 'Earlier messages' }).dispatchEvent('click'); // a real one would scroll to it
      await page.locator(`[data-id=${first}]`).waitFor({ state: 'attached' });
      assert.ok(Math.abs((await read.boundingBox()).y - y) < 100, 'but for the headings above it'); // a page of history is 2,000 px
    }
    await page.getByRole('button', { name: 'Earlier messages' }).waitFor({ state: 'detached' });
  }, PATIENT);

  test('a window goes on in nobody else’s name when another tab logs out', async (t) => {
    const { maya, jonas, room } = await twoInARoom(t);
    const second = await maya.anotherTab();
    await second.visits(room);
    await second.page.getByRole('button', { name: 'Log out' }).click();
    for (const tab of [maya, second]) await tab.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await jonas.sees('jonas');
    for (const person of [maya, jonas]) person.forgives(/WebSocket connection to .* 400|Failed to load resource.* 400/);
  }, PATIENT);

  test('what it cannot answer it refuses, without an error of its own', async (t) => {
    const { app, maya, room } = await oneInARoom(t);
    const status = async (path) => (await maya.context.request.get(app.url + path)).status();
    const history = `/api/rooms/${room}/messages`;
    const answers = {
      '/nonsense': 404,
      '/rooms/nonsense': 404,
      '/api/rooms/nonsense/messages?since=2026': 404,
      [history]: 400,
      [`${history}?since=2026&before=2026`]: 400,
      [`${history}?since=yesterday`]: 400,
      [`${history}?since=-271821-04-20T00:00:00Z`]: 400, // the first moment of JavaScript, which PostgreSQL does not know
      [`${history}?since=1970`]: 200,
      [`${history}?before=9999-12-31`]: 200,
    };
    for (const [path, expected] of Object.entries(answers)) assert.equal(await status(path), expected, path);
    await app.database.query('TRUNCATE "User" CASCADE');
    assert.equal(await status('/api/rooms'), 401, 'a token that outlived its account');
  }, PATIENT);

  test('nobody can guess passwords fast', async (t) => {
    const app = await startApp(t, startNginx);
    const login = await openForm(app.url, '/login'); // it works without scripts too
    const guess = async (password) => (await login('maya', password)).said;
    const answers = await Promise.all(Array.from({ length: 25 }, (_, i) => guess(`guess ${i}`)));
    assert.deepEqual(answers.sort(), [...Array(5).fill('Too many tries'), ...Array(20).fill('don’t match')]);
  }, PATIENT);
});
