// The sample app beside the gateway in a real Chromium, through the real nginx and Caddy with the files of deploy/.
import assert from 'node:assert/strict';
import { startCaddy } from './harness/caddy.js';
import { startNginx } from './harness/nginx.js';
import { Person, RECONNECTED, newcomer, startApp } from './harness/nextjs.js';
import { ask, client, connected, token, words } from './harness/people.js';
import { later, sideBySide, test } from './harness/test.js';
import { until } from './harness/waiting.js';

/** Two people in one room, each in a browser of their own. */
async function twoInARoom(t, startProxy) {
  const app = await startApp(t, startProxy);
  const [maya, jonas] = await Promise.all(['maya', 'jonas'].map((name) => newcomer(t, app, name)));
  const room = await maya.opens('Kitchen table');
  await jonas.visits(room);
  for (const person of [maya, jonas]) {
    await person.sees('jonas', 'maya');
    await until('the upgrade to a WebSocket', () => person.traffic.sent.includes('5'), 10_000);
  }
  return { app, maya, jonas, room };
}

for (const [proxy, start] of [['nginx', startNginx], ['Caddy', startCaddy]]) {
  sideBySide(`the sample app behind ${proxy}`, () => {
    test('two people register, meet in a room, chat both ways and see each other come and go', async (t) => {
      const { app, maya, jonas, room } = await twoInARoom(t, start);
      const ids = [await maya.says('hello jonas'), await jonas.says('hello maya'), await maya.says('second line')];
      for (const person of [maya, jonas]) {
        await person.reads('second line');
        assert.deepEqual(await person.ids(), ids, `what ${person.name} sees`);
        assert.ok(person.traffic.polls > 0, 'an unmodified client begins with polling');
      }

      const rows = await app.database.messages(room);
      assert.deepEqual(rows.map((row) => [row.id, row.plaintext]), [[ids[0], words('hello jonas')], [ids[1], words('hello maya')], [ids[2], words('second line')]]);
      for (const { text } of rows) assert.match(text, /^[0-9a-f]{32}:[0-9a-f]{32}:[0-9a-f]+$/, 'encrypted at rest');

      await jonas.page.close();
      await maya.sees('maya');
      await maya.says('while you were away');
      const again = await jonas.anotherTab();
      await again.visits(room);
      await maya.sees('jonas', 'maya');
      assert.deepEqual(await again.ids(), await maya.ids(), 'the history, decrypted by the app');
    }, { timeout: 100_000 });

    test('a restart of the gateway heals by itself, and nothing is lost that was acked', async (t) => {
      const { app, maya, jonas, room } = await twoInARoom(t, start);
      const robot = await talker(t, app, jonas, room);
      await robot.until(20);

      await app.gateway.stop();
      await maya.page.locator('.status[data-state=connecting]').waitFor();
      await maya.types('written meanwhile');
      await maya.page.getByText('Will be sent when you’re connected').waitFor();
      await app.restartGateway();
      for (const person of [maya, jonas]) await person.isLive(RECONNECTED);
      for (const person of [maya, jonas]) await person.reads('written meanwhile');
      await robot.until(40);

      await app.gateway.kill(); // without a goodbye
      await maya.page.locator('.status[data-state=connecting]').waitFor();
      await app.restartGateway();
      for (const person of [maya, jonas]) await person.isLive(RECONNECTED);
      await robot.until(60);
      await robot.stop();
      const last = await maya.says('all well');
      await jonas.reads('all well');

      const stored = (await app.database.messages(room)).map(({ id }) => id);
      assert.equal(stored.at(-1), last);
      assert.deepEqual(robot.acked.filter((id) => !stored.includes(id)), [], 'acked, and not stored');
      for (const person of [maya, jonas]) assert.deepEqual(await shown(person, stored.length), stored, `what ${person.name} sees, in order`);
      const texts = await maya.texts();
      assert.equal(texts.filter((text) => text === words('written meanwhile')).length, 1, 'sent once');
      for (const person of [maya, jonas]) person.forgives();
    }, { timeout: 100_000 });

    test('an expired cookie sends the user to log in, and back to the room afterwards', async (t) => {
      const app = await startApp(t, start);
      const maya = await newcomer(t, app, 'maya');
      const room = await maya.opens('Kitchen table');
      await maya.says('before');
      const [{ id, session }] = await app.database.query('SELECT "userId" AS id, id AS session FROM "Session"');
      const exp = Math.floor(Date.now() / 1000) + 6; // enough to load the page by
      await maya.context.addCookies([{ name: 'token', value: token({ userId: id, username: 'maya', jti: session, exp }), url: app.url, httpOnly: true, sameSite: 'Lax' }]);
      await maya.visits(room);

      await maya.page.waitForURL(`${app.url}/login?${new URLSearchParams({ ended: '1', next: `/rooms/${room}` })}`, { timeout: RECONNECTED });
      await maya.page.getByText('Your session has ended.').waitFor();
      maya.forgives(/WebSocket connection to .* 400|Failed to load resource.* 400/); // she is sent away while her client polls, or tries to upgrade
      await maya.enter('Log in');
      await maya.isIn('Kitchen table');
      await maya.says('after');
      assert.deepEqual(await maya.texts(), [words('before'), words('after')]);
      const [cookie] = await maya.context.cookies();
      assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.secure], ['token', true, 'Lax', false]);

      await maya.page.getByRole('button', { name: 'Log out' }).click();
      await maya.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
      assert.deepEqual(await maya.context.cookies(), []);
      const stranger = new Person(app, 'maya', maya.context, maya.complaints, maya.page);
      await stranger.page.goto(`${app.url}/rooms/${room}`);
      assert.equal(stranger.page.url(), `${app.url}/login?${new URLSearchParams({ next: `/rooms/${room}` })}`, 'no cookie, no room');
    }, { timeout: 100_000 });
  });
}

// What no proxy can make or mar.
sideBySide('members on the pages of the sample app', () => {
  test('a person with a second tab counts once, and goes with the last of them', async (t) => {
    const { maya, jonas, room } = await twoInARoom(t, startNginx);
    const second = await jonas.anotherTab();
    await second.visits(room);
    await second.sees('jonas', 'maya');
    await second.says('from my second tab');
    for (const person of [maya, jonas]) await person.reads('from my second tab');
    assert.equal(await jonas.page.locator('.group.mine').count(), 1, 'my words are mine in my other tab');
    await second.page.close();
    const priya = await newcomer(t, maya.app, 'priya'); // her coming brings a list that is newer than the closing
    await priya.visits(room);
    for (const person of [maya, jonas, priya]) await person.sees('jonas', 'maya', 'priya');
    await jonas.page.close();
    for (const person of [maya, priya]) await person.sees('maya', 'priya');
  }, { timeout: 100_000 });

  test('who has switched rooms is no ghost, neither on the list nor among the hearers', async (t) => {
    const { maya, jonas, room } = await twoInARoom(t, startNginx);
    await jonas.opens('Weekend hikes');
    await jonas.goesTo('Kitchen table');
    for (const person of [maya, jonas]) await person.sees('jonas', 'maya');
    await jonas.goesTo('Weekend hikes');
    await jonas.sees('jonas');
    await maya.sees('maya');
    await maya.says('is he gone?');
    await jonas.says('on the hill'); // answered after all that was sent to his socket before
    assert.deepEqual([await maya.texts(), await jonas.texts()], [[words('is he gone?')], [words('on the hill')]]);
    const reached = (text) => jonas.traffic.received.some((frame) => frame.includes(text));
    assert.deepEqual([reached('on the hill'), reached('is he gone?')], [true, false], 'it did not even reach his browser');
    assert.ok(!jonas.traffic.sent.includes('41'), 'all on one connection');

    await jonas.goesTo('Kitchen table');
    for (const person of [maya, jonas]) await person.sees('jonas', 'maya');
    assert.deepEqual(await jonas.texts(), [words('is he gone?')], 'he reads it when he is back');
    await maya.says('welcome back');
    await jonas.reads('welcome back');
    assert.ok(jonas.page.url().endsWith(room));
  }, { timeout: 100_000 });
});

/** Waits until a page shows that many messages, all earlier ones loaded, and answers their ids. */
async function shown(person, count) {
  const more = person.page.getByRole('button', { name: 'Earlier messages' });
  await until(`${count} messages on the page of ${person.name}`, async () => {
    if (await more.isVisible() && (await person.ids()).length < count) await more.click().catch(() => {});
    return (await person.ids()).length >= count;
  }, 15_000);
  return person.ids();
}

/** The official client, with a person's own cookie, which says one thing after the other and remembers what was acked. */
async function talker(t, app, person, room) {
  const [{ value }] = await person.context.cookies();
  const socket = client(t, app, { cookie: `token=${value}`, reconnect: true, transports: ['polling', 'websocket'] });
  const acked = [];
  let allowed = 0;
  let stopped = false;

  const talk = async () => {
    while (!stopped) {
      try {
        await connected(socket, RECONNECTED);
        await ask(socket, 'join_room', room);
        while (socket.connected && !stopped) {
          const ack = await ask(socket, 'send_message', { roomId: room, text: words(`line ${acked.length}`) });
          if (ack.ok) acked.push(ack.message.id);
          await until('leave to go on', () => stopped || !socket.connected || acked.length < allowed, 2 * RECONNECTED);
        }
      } catch {
        // The connection went, and with it perhaps an ack.
      }
    }
  };
  const ended = talk();
  const stop = () => {
    stopped = true;
    return ended;
  };
  later(t, stop); // if the test fails before
  return {
    acked,
    /** Waits for that many acks. It goes on talking, for a while. */
    async until(count) {
      allowed = count + 20;
      await until(`${count} acks`, () => acked.length >= count, RECONNECTED);
    },
    stop,
  };
}
