// Apps as people write them, adopted by variables alone: a small schema, an `.env` and clients in the shape of their own code.
import assert from 'node:assert/strict';
import { createDatabase } from './database.js';
import { startGateway } from './gateway.js';
import { startRedis } from './redis.js';
import { client, connected } from './people.js';
import { until } from './waiting.js';

/**
 * Starts gateways before an app that has this schema, in place of the usual tables. Texts lie there as they are, unless `env` says
 * otherwise; several gateways are one by Redis.
 */
export async function adopt(t, { schema, env = {}, gateways = 1 }) {
  const database = await createDatabase(t);
  await database.query(`DROP TABLE "Message", "Room", "User"; ${schema}`);
  const redis = gateways > 1 ? await startRedis(t) : undefined;
  const started = [];
  for (let i = 0; i < gateways; i++) started.push(await adopt.again(t, { env: { REDIS_URL: redis?.url, ...env }, database }));
  return { database, gateways: started, gateway: started[0] };
}

/** One more gateway before the same app. */
adopt.again = (t, { env = {}, database }) =>
  startGateway(t, { MESSAGE_CIPHER: 'plaintext', MESSAGE_ENCRYPTION_KEY: undefined, ...env }, { database });

/** A client of the app's, who keeps all that it hears: `heard` is [event, ...arguments], without the offset of what is kept. */
export async function visit(t, gateway, as, options = {}) {
  const socket = client(t, gateway, { as, ...options });
  socket.heard = [];
  socket.onAny((event, ...args) => {
    if (args.length > 1 && typeof args.at(-1) === 'string') args.pop();
    socket.heard.push([event, ...args]);
  });
  await connected(socket);
  return socket;
}

/** The arguments of all events of that name that a client has heard. */
export function said(socket, event) {
  return socket.heard.filter(([name]) => name === event).map(([, ...args]) => args);
}

/** Waits for an event whose first argument is as `fits` says (a function, or what it must equal), and returns that. */
export function told(socket, event, fits = () => true, within) {
  const is = typeof fits === 'function' ? fits : (value) => JSON.stringify(value) === JSON.stringify(fits);
  return until(`${event} at a client that has heard ${JSON.stringify(socket.heard)}`, () => {
    const found = said(socket, event).find(([first]) => is(first));
    return found && { value: found[0] };
  }, within).then(({ value }) => value);
}

/** Fails if a client has heard any event of that name. What was sent to others before must have reached them. */
export function heardNothing(socket, event) {
  assert.deepEqual(said(socket, event), []);
}
