// Packets that closed every official client in a room, and ended the process of those of 2.5: now they close their sender.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { startGateway } from './harness/gateway.js';
import { connect, hears, join, say, sees, words } from './harness/people.js';
import { test } from './harness/test.js';
import { arrive } from './harness/veterans.js';
import { openWire } from './harness/wire.js';

const payloads = (name) => readFileSync(new URL(`../../pkg/socketio/testdata/${name}.txt`, import.meta.url), 'utf8').trim().split('\n');

const binary = (event, content) => [`451-["${event}",{"roomId":"lobby","text":"${words('poison')}","content2":${content}}]`, Buffer.from([1, 2, 3])];
const deep = (levels) => '['.repeat(levels) + ']'.repeat(levels);

const environment = { ALLOW_EIO3: true, POLLING: 'full', RELAY_EVENTS: 'typing' };

const packets = [
  ...payloads('poison').flatMap((content) => [binary('send_message', content), binary('typing', content)]),
  ...payloads('poison').map((content) => [`461-0${content}`, Buffer.from([1, 2, 3])]),
  ...[100, 9_900, 20_000].flatMap((levels) => [
    [`42["send_message",{"roomId":"lobby","text":"${words('deep')}","deep":${deep(levels)}}]`],
    [`42["typing",{"roomId":"lobby","deep":${deep(levels)}}]`],
    [`430[${deep(levels)}]`],
    binary('send_message', deep(levels)),
  ]),
  ['42["send_message",{"roomId":"lobby","text":"\u{feff}"}]\u{feff}'],
  ['42\u{feff}["send_message",{"roomId":"lobby","text":"x"}]'],
  ['42["\\u0063onnect",{"roomId":"lobby"}]'],
];

/** A room of old clients and new ones, by each transport. */
async function crowd(t, gateway) {
  const room = [
    await connect(t, gateway, 'ann'), await connect(t, gateway, { as: 'bob', transports: ['polling'] }),
    await arrive(t, gateway, { as: 'old', transports: ['websocket'] }), await arrive(t, gateway, { as: 'older', transports: ['polling'] }),
  ];
  for (const member of room) await join(member, 'lobby');
  await sees(room[0], ['ann', 'bob', 'old', 'older']);
  let n = 0;
  const chat = async () => {
    const text = `undisturbed ${n++}`;
    await say(room[0], 'lobby', text);
    for (const member of room) {
      await hears(member, text);
      assert.deepEqual(member.endings, []);
    }
  };
  return { room, chat };
}

const poisoned = async (t, gateway, frames) => {
  const wire = await openWire(t, gateway);
  await wire.enter('lobby');
  wire.send(...frames);
  await wire.closes().catch(() => assert.fail(`still open after ${frames[0].slice(0, 100)}`));
};

test('each packet that receivers would close over closes its sender, and everybody else goes on', async (t) => {
  const gateway = await startGateway(t, environment);
  const { room, chat } = await crowd(t, gateway);
  for (const [i, frames] of packets.entries()) {
    await poisoned(t, gateway, frames);
    if (i % 10 === 0) await chat();
  }
  await chat();
  for (const member of room) {
    assert.ok(member.messages.every((message) => message.text.startsWith('undisturbed')));
    assert.equal(member.messages.length, new Set(member.messages.map((message) => message.id)).size);
  }
  await sees(room[0], ['ann', 'bob', 'old', 'older']);
}, { timeout: 120_000 });

test('many who send poison at once keep nobody from connecting, joining and chatting', async (t) => {
  const gateway = await startGateway(t, environment);
  const { chat } = await crowd(t, gateway);
  for (let round = 0; round < 5; round++) {
    const storm = Promise.all(packets.slice(10 * round, 10 * round + 10).map((frames) => poisoned(t, gateway, frames)));
    const newcomer = await connect(t, gateway, `newcomer ${round}`);
    await join(newcomer, 'lobby');
    await chat();
    await storm;
    await say(newcomer, 'lobby', `here in round ${round}`);
    assert.deepEqual(newcomer.endings, []);
  }
}, { timeout: 60_000 });

test('attachments arrive as they were sent, whatever way their placeholders are written', async (t) => {
  const gateway = await startGateway(t, environment);
  const { room } = await crowd(t, gateway);
  const wire = await openWire(t, gateway);
  await wire.enter('lobby');
  for (const [i, content] of ['{"num":0,"_placeholder":true}', '{ "_placeholder" : true, "num" :0 }', '{"\\u005fplaceholder":true,"num":0}'].entries()) {
    wire.send(`451-["send_message",{"roomId":"lobby","text":"${words(`photo ${i}`)}","photo":${content},"like":{"_placeholder":false,"num":7}}]`, Buffer.from([1, 2, 3]));
    for (const member of room) {
      const message = await hears(member, `photo ${i}`);
      assert.deepEqual([Buffer.from(message.photo), message.like], [Buffer.from([1, 2, 3]), { _placeholder: false, num: 7 }]);
    }
  }
  wire.send(`42["send_message",{"roomId":"lobby","text":"${words('plain')}","like":{"num":9,"_placeholder":true}}]`);
  for (const member of room) assert.deepEqual((await hears(member, 'plain')).like, { num: 9, _placeholder: true });
});
