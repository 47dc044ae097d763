// People whose app was never updated: the real socket.io-client 2.5, which speaks Engine.IO 3.
import io from 'socket.io-client-2';
import { person, token } from './people.js';
import { later } from './test.js';
import { event, until } from './waiting.js';

/**
 * An old client that is about to connect, for use wherever the harness takes a socket. Without `transports` it begins
 * with long-polling, as it does by default. `query` is its only way to send a token other than by cookie or header.
 */
export function veteran(t, gateway, { as, headers = {}, query, transports, reconnect = false, path } = {}) {
  const cookie = as && `token=${token(typeof as === 'string' ? person(as) : as)}`;
  const socket = io(gateway.url, {
    forceNew: true,
    reconnection: reconnect,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    extraHeaders: cookie ? { ...headers, cookie } : headers,
    ...(transports && { transports }),
    ...(query && { query }),
    ...(path && { path }),
  });
  Object.assign(socket, { messages: [], members: [], errors: [], endings: [] });
  socket.on('receive_message', (message) => socket.messages.push(message));
  socket.on('room_members', (members) => socket.members.push(members));
  socket.on('error', (error) => socket.errors.push(error));
  socket.on('disconnect', (reason) => socket.endings.push(reason));
  // What the 4.x client has and people.js calls.
  socket.timeout = (milliseconds) => ({
    emitWithAck: (name, ...args) => new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ack of ${name}`)), milliseconds);
      socket.emit(name, ...args, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
    }),
  });
  later(t, () => socket.disconnect());
  return socket;
}

/** An old client that is connected. */
export async function arrive(t, gateway, options) {
  const socket = veteran(t, gateway, typeof options === 'string' ? { as: options } : options);
  let refusal;
  socket.once('connect_error', (error) => (refusal = error));
  await until('the old connection', () => {
    if (refusal) throw refusal;
    return socket.connected;
  });
  return socket;
}

/** What carries it: polling or websocket. */
export function carrierOf(socket) {
  return socket.io.engine.transport.name;
}

/** The HTTP status and text with which a connection was refused. */
export async function turnedAway(socket) {
  const [error] = await event(socket, 'connect_error');
  return error;
}
