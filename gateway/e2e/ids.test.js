// The ids that the gateway makes, as the validators of apps see them, and in the order of the table.
import assert from 'node:assert/strict';
import { isCuid as isCuid2 } from '@paralleldrive/cuid2';
import cuid from 'cuid';
import { validate, version } from 'uuid';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { ask, connect, join, words } from './harness/people.js';
import { sideBySide, test } from './harness/test.js';

const VALIDATORS = {
  cuid: {
    'zod cuid()': (id) => z.cuid().safeParse(id).success,
    'zod 3 cuid()': (id) => z3.string().cuid().safeParse(id).success,
    'cuid isCuid': (id) => cuid.isCuid(id),
    'cuid2 isCuid': (id) => isCuid2(id),
    'zod cuid2()': (id) => z.cuid2().safeParse(id).success,
  },
  uuid: {
    'zod uuid()': (id) => z.uuid().safeParse(id).success,
    'zod uuidv7()': (id) => z.uuidv7().safeParse(id).success,
    'zod guid()': (id) => z.guid().safeParse(id).success,
    'zod 3 uuid()': (id) => z3.string().uuid().safeParse(id).success,
    'uuid validate': (id) => validate(id) && version(id) === 7,
  },
};

sideBySide('ids', () => {
  for (const [kind, validators] of Object.entries(VALIDATORS)) {
    test(`a ${kind} passes the validators of apps, and ids sort as the room heard the messages`, async (t) => {
      const database = await createDatabase(t);
      const gateway = await startGateway(t, { MESSAGE_ID: kind }, { database });
      const people = await Promise.all(['ann', 'bob', 'cat'].map((name) => connect(t, gateway, name)));
      for (const one of people) await join(one, 'lobby');
      const answers = await Promise.all(people.flatMap((one) => Array.from({ length: 40 }, (_, i) =>
        ask(one, 'send_message', { roomId: 'lobby', text: words(`message ${i}`) }))));
      const ids = answers.map(({ message }) => message.id);
      for (const [name, accepts] of Object.entries(validators)) {
        assert.deepEqual(ids.filter((id) => !accepts(id)), [], name);
      }
      const rows = await database.query('SELECT id FROM "Message" ORDER BY id COLLATE "C"');
      assert.equal(rows.length, 120);
      assert.deepEqual(rows.map(({ id }) => id), people[0].messages.map(({ id }) => id));
    });
  }
});
