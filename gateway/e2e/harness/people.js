// People as the web app makes them: a token from jsonwebtoken in the cookie `token`, and the official client.
import jwt from 'jsonwebtoken';
import { io } from 'socket.io-client';
import { JWT_SECRET, SPOKEN } from './gateway.js';
import { later } from './test.js';
import { event, until } from './waiting.js';

/** The claims of the person of that name. */
export function person(name) {
  return { userId: `id-of-${name}`, username: name };
}

/** A token as the app signs it: an hour long, unless the options of jsonwebtoken say otherwise. */
export function token(claims, { secret = JWT_SECRET, ...options } = {}) {
  return jwt.sign(claims, secret, claims.exp ? options : { expiresIn: '1h', ...options });
}

/** A text to say, which no log may hold. */
export function words(text) {
  return `${text} (${SPOKEN})`;
}

/**
 * An official client that is about to connect. `as` is a name or claims, and becomes the cookie; `cookie`, `auth`
 * and `headers` are sent as given. It does not come back by itself unless `reconnect` is set. An `unmodified` one is
 * that of an app which writes io(url): it begins with long-polling and comes back by itself, at the client's own pace.
 * What it hears is kept: `messages`, `members` (every list), `errors`, `endings` (why it was disconnected).
 */
export function client(t, gateway, { as, cookie, auth, headers = {}, reconnect = false, path, transports = ['websocket'], unmodified = false } = {}) {
  if (as) cookie ??= `token=${token(typeof as === 'string' ? person(as) : as)}`;
  const extraHeaders = cookie === undefined ? headers : { ...headers, cookie };
  const socket = io(gateway.url, unmodified ? { extraHeaders } : {
    forceNew: true,
    transports,
    reconnection: reconnect,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    extraHeaders,
    auth,
    path,
  });
  socket.messages = [];
  socket.members = [];
  socket.errors = [];
  socket.endings = [];
  socket.on('receive_message', (message) => socket.messages.push(message));
  socket.on('room_members', (members) => socket.members.push(members));
  socket.on('error', (error) => socket.errors.push(error));
  socket.on('disconnect', (reason) => socket.endings.push(reason));
  later(t, () => socket.disconnect());
  return socket;
}

/** A client that is connected. */
export async function connect(t, gateway, options) {
  const socket = client(t, gateway, typeof options === 'string' ? { as: options } : options);
  await connected(socket);
  return socket;
}

export async function connected(socket, within = 5_000) {
  let refusal;
  socket.once('connect_error', (error) => (refusal = error));
  await until('the connection', () => {
    if (refusal && !socket.io.reconnection()) throw refusal;
    return socket.connected;
  }, within);
}

/** What carries the connection now: polling or websocket. */
export function transport(socket) {
  return socket.io.engine?.transport?.name;
}

/** Waits until the connection has gone on from long-polling to a WebSocket. */
export async function upgraded(socket, within = 10_000) {
  await until('the upgrade', () => socket.connected && transport(socket) === 'websocket', within);
}

/** The error that a client gets instead of a connection. */
export async function refusal(socket, within) {
  const [error] = await event(socket, 'connect_error', within);
  return error;
}

/** Emits and waits for the ack. */
export function ask(socket, name, ...args) {
  return socket.timeout(10_000).emitWithAck(name, ...args);
}

/** Joins, and fails unless the ack is good. */
export async function join(socket, room) {
  return good(await ask(socket, 'join_room', room));
}

/** Says something in a room, and fails unless the ack is good. Answers the stored message. */
export async function say(socket, roomId, text, extra = {}) {
  return good(await ask(socket, 'send_message', { roomId, text: words(text), ...extra })).message;
}

function good(ack) {
  if (!ack?.ok) throw new Error(`not ok: ${JSON.stringify(ack)}`);
  return ack;
}

/** Whom the room's last list names, sorted. */
export function present(socket) {
  return (socket.members.at(-1) ?? []).map((member) => member.username).sort();
}

/** Waits until the last list that the socket heard names exactly these. */
export async function sees(socket, names, within) {
  const wanted = [...names].sort().join();
  await until(`the list ${wanted}`, () => present(socket).join() === wanted, within).catch((failure) => {
    failure.message += `; the last was ${present(socket).join() || 'empty'}`;
    throw failure;
  });
}

/** A message is heard by everyone in order, so that whatever was sent to the room before has arrived too. */
export async function hears(socket, text, within) {
  return until(`the message ${text}`, () => socket.messages.find((message) => message.text === words(text)), within);
}
