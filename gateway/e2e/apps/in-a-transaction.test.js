// An app whose routes write and tell in one transaction, with nothing but its database at hand: an order that is placed is told to its
// buyer's and its shop's page, and one that fails in the middle never was.
//
//   await prisma.$transaction(async (tx) => {
//     const order = await tx.order.create({ data: { shopId, buyerId, total } });
//     await tx.item.update({ where: { id }, data: { stock: { decrement: 1 } } });            // fails when there is none left
//     await tx.$executeRaw`SELECT socketgate.emit(${`shop:${shopId}`}, 'order:new', ${JSON.stringify(order)})`;
//   });
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { test } from '../harness/test.js';
import { until } from '../harness/waiting.js';

const schema = `
  CREATE TABLE item (id TEXT PRIMARY KEY, stock INT NOT NULL CHECK (stock >= 0));
  CREATE TABLE shop_order (id SERIAL PRIMARY KEY, shop_id TEXT NOT NULL, buyer_id TEXT NOT NULL, item_id TEXT NOT NULL REFERENCES item (id));
  CREATE TABLE message (id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, sender_id TEXT NOT NULL, content TEXT NOT NULL, created_at TIMESTAMP(3) NOT NULL DEFAULT now());
  INSERT INTO item VALUES ('last one', 1)`;

const env = { SQL_EMIT: 'true', PERSONAL_ROOM: 'user:$user', JOIN_MODE: 'multi' };

/** The app's route. */
async function order(database, buyer, { shop = 's1', item = 'last one' } = {}) {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    const { rows: [row] } = await client.query('INSERT INTO shop_order (shop_id, buyer_id, item_id) VALUES ($1, $2, $3) RETURNING *', [shop, buyer, item]);
    await client.query('SELECT socketgate.emit($1, $2, $3)', [`shop:${shop}`, 'order:new', JSON.stringify(row)]);
    await client.query('SELECT socketgate.emit($1, $2, $3)', [`user:${buyer}`, 'order:placed', { id: row.id }]);
    await client.query('UPDATE item SET stock = stock - 1 WHERE id = $1', [item]);
    await client.query('COMMIT');
    return row;
  } catch (failure) {
    await client.query('ROLLBACK');
    throw failure;
  } finally {
    client.release();
  }
}

for (const gateways of [1, 2]) {
  test(`what a transaction says is heard when it is committed, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const app = await adopt(t, { schema, env, gateways });
    const [shop, ann, bob] = await Promise.all(['shop', 'ann', 'bob'].map((as, i) => visit(t, app.gateways[i % gateways], as)));
    assert.ok((await ask(shop, 'join_room', 'shop:s1')).ok);
    const placed = await order(app.database, 'id-of-ann');
    assert.deepEqual(await told(shop, 'order:new'), placed);
    assert.deepEqual(await told(ann, 'order:placed'), { id: placed.id });
    await assert.rejects(order(app.database, 'id-of-bob'), /stock/);
    assert.ok((await ask(shop, 'send_message', { chatId: 'shop:s1', content: words('sold out') })).ok);
    await told(shop, 'receive_message');
    assert.equal(said(shop, 'order:new').length, 1);
    heardNothing(bob, 'order:placed');
    heardNothing(ann, 'order:new');
  });
}

test('a page whose gateway was away hears of what was ordered meanwhile', async (t) => {
  const at = { ...env, PORT: await freePort() };
  const app = await adopt(t, { schema, env: at });
  const ann = await visit(t, app.gateway, 'ann', { reconnect: true });
  await app.gateway.kill();
  const placed = await order(app.database, 'id-of-ann');
  await adopt.again(t, { env: at, database: app.database });
  await until('ann to be back', () => ann.connected);
  assert.deepEqual(await told(ann, 'order:placed'), { id: placed.id });
  assert.equal(said(ann, 'order:placed').length, 1);
});
