// An app that shows who is online in all of it: a list for who connects, and one event for the others when somebody comes or goes.
//
//   io.on("connection", (socket) => {
//     online.set(userId, socket.id); socket.emit("onlineUsers", [...online.keys()]); socket.broadcast.emit("userOnline", { userId });
//     socket.on("disconnect", () => { online.delete(userId); io.emit("userOffline", { userId }); });
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { test } from '../harness/test.js';

const schema = `CREATE TABLE message (id TEXT PRIMARY KEY, text TEXT NOT NULL, user_id TEXT NOT NULL, room_id TEXT NOT NULL,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const both = { ONLINE_EVENT: 'onlineUsers', USER_ONLINE_EVENT: 'userOnline', USER_OFFLINE_EVENT: 'userOffline' };

const names = (...who) => who.map((name) => `id-of-${name}`);
const lists = (...who) => (list) => JSON.stringify([...list].sort()) === JSON.stringify(names(...who).sort());
const isOf = (who) => (told) => JSON.stringify(told).includes(`id-of-${who}`);

for (const gateways of [1, 2]) {
  const here = `with ${gateways} gateway${gateways > 1 ? 's' : ''}`;

  test(`who comes sees everybody, and everybody sees who comes and goes, ${here}`, async (t) => {
    const all = await adopt(t, { schema, env: both, gateways });
    const at = (i) => all.gateways[i % gateways];
    const ann = await visit(t, at(0), 'ann');
    await told(ann, 'onlineUsers', lists('ann'));
    const bob = await visit(t, at(1), 'bob');
    await told(bob, 'onlineUsers', lists('ann', 'bob'));
    await told(ann, 'userOnline', isOf('bob'));
    const tab = await visit(t, at(0), 'bob');
    await told(tab, 'onlineUsers', lists('ann', 'bob'));
    bob.disconnect();
    const eve = await visit(t, at(1), 'eve');
    await told(eve, 'onlineUsers', lists('ann', 'bob', 'eve'));
    await told(ann, 'userOnline', isOf('eve'));
    heardNothing(ann, 'userOffline'); // of bob there is another tab
    assert.equal(said(ann, 'userOnline').filter(([told]) => isOf('bob')(told)).length, 1);
    tab.disconnect();
    await told(ann, 'userOffline', isOf('bob'), 8_000);
    await told(eve, 'userOffline', isOf('bob'), 8_000);
  });

  test(`the whole list is told with every change where that is all the app knows, ${here}`, async (t) => {
    const all = await adopt(t, { schema, env: { ONLINE_EVENT: 'onlineUsers' }, gateways });
    const ann = await visit(t, all.gateways[0], 'ann');
    const bob = await visit(t, all.gateways.at(-1), 'bob');
    await told(ann, 'onlineUsers', lists('ann', 'bob'));
    bob.disconnect();
    await told(ann, 'onlineUsers', () => lists('ann')(said(ann, 'onlineUsers').at(-1)[0]), 8_000);
  });
}
