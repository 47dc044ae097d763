// A client that says exactly what it is told, frame by frame: for what no well-behaved client would do.
import { connect as connectTCP } from 'node:net';
import WebSocket from 'ws';
import { person, token } from './people.js';
import { later } from './test.js';
import { until, within } from './waiting.js';

/** A WebSocket on the socket path, open, with the cookie of `as`. Nothing is sent yet, not even the CONNECT. */
export async function openWire(t, gateway, { as = 'mallory', headers = {}, path = '/socket.io/?EIO=4&transport=websocket' } = {}) {
  const wire = new Wire(`ws://${gateway.host}${path}`, { cookie: `token=${token(person(as))}`, ...headers });
  later(t, () => wire.socket.terminate());
  await within(5_000, 'the WebSocket handshake', wire.opened);
  return wire;
}

/** The HTTP status that answers a WebSocket handshake: 101 if it is granted. */
export async function handshakeStatus(t, gateway, options) {
  try {
    await openWire(t, gateway, options);
    return 101;
  } catch (failure) {
    if (failure.status) return failure.status;
    throw failure;
  }
}

class Wire {
  constructor(url, headers) {
    this.frames = [];
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.socket.on('message', (data, binary) => this.frames.push(binary ? data : data.toString()));
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(Object.assign(new Error(`handshake answered ${response.statusCode}`), { status: response.statusCode }));
      });
      this.socket.on('error', reject);
    });
    this.opened.catch(() => {});
    /** Resolves with the close code when the gateway, or the network, has ended it. */
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)));
  }

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  /** Bytes past the WebSocket layer. */
  sendRaw(bytes) {
    this.socket._socket.write(bytes);
  }

  /** Stops reading: what the gateway sends gathers in the kernel, then in the gateway. */
  pause() {
    this.socket._socket.pause();
  }

  resume() {
    this.socket._socket.resume();
  }

  /** Waits for a frame that starts so, and answers it. */
  async frame(start) {
    return until(`a frame ${start}…`, () => this.frames.find((frame) => frame.startsWith?.(start)));
  }

  /** CONNECT and, if a room is named, join it. */
  async enter(room) {
    this.send('40');
    await this.frame('40{');
    if (room !== undefined) {
      this.send(`420["join_room",${JSON.stringify(room)}]`);
      await this.frame('430[');
    }
  }

  closes(milliseconds = 5_000) {
    return within(milliseconds, 'the closing of the connection', this.closed);
  }
}

/** Sends bytes over plain TCP, and answers all that comes back until the gateway closes. */
export function exchange(gateway, bytes, milliseconds = 10_000) {
  return within(milliseconds, 'the answer on the raw connection', new Promise((resolve) => {
    let answer = '';
    const socket = connectTCP(gateway.port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (data) => (answer += data));
    socket.on('error', () => {}); // a reset is an answer too
    socket.on('close', () => resolve(answer));
  }));
}
