// A gateway by the link's protocol, without sockets: clients are objects that say packets and hear them.
const { createHmac, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { createServer } = require('node:net');
const { Batch } = require('../dist/batch');
const { Frames } = require('../dist/frames');
const { Op } = require('../dist/ops');

const proof = (key, text) => createHmac('sha256', key).update(text).digest('hex');

class Client {
  constructor(gateway, number, head) {
    Object.assign(this, { gateway, number, head, heard: [], sockets: new Map(), transport: 'websocket', open: true, sid: `engine-${number}`, issued: Date.now() });
  }

  /** Packets as frames: strings and buffers. */
  say(...packet) {
    if (this.held) this.held.push(packet);
    else this.gateway.write((out) => out.begin(Op.Packet).uvarint(this.number).packet(packet));
  }

  leave(reason = 'transport close') {
    this.open = false;
    if (this.held) this.ended = reason;
    else this.gateway.write((out) => out.begin(Op.Closed).uvarint(this.number).string(reason));
  }

  /** What it has heard, text frames only. */
  get texts() {
    return this.heard.map((packet) => packet[0]).filter((frame) => typeof frame === 'string');
  }
}

class SimulatedGateway {
  constructor(key = 'key', id = randomBytes(4).toString('hex')) {
    Object.assign(this, { key, id, clients: new Map(), ops: [], last: 0, links: new Set(), answers: new Map(), mode: 'app', lag: false });
    this.server = createServer((socket) => this.#link(socket));
  }

  async listen(port = 0) {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    this.url = `tcp://127.0.0.1:${this.port}`;
    return this;
  }

  async close() {
    for (const link of this.links) link.socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Breaks all links, as a network would. */
  break() {
    for (const link of this.links) link.socket.destroy();
  }

  connect({ url = '/socket.io/?EIO=4&transport=websocket', headers = [['Host', 'example.org']], asked } = {}) {
    const head = { method: 'GET', url, headers, remoteAddress: '192.0.2.1', remotePort: 4711, encrypted: true };
    const client = new Client(this, ++this.last, head);
    this.clients.set(client.number, client);
    client.asked = asked;
    if (this.ready) this.#present(client);
    else client.held = [];
    return client;
  }

  ask(head, transport = 'polling') {
    const ask = ++this.last;
    const full = { method: 'GET', url: '/socket.io/?EIO=4&transport=polling', headers: [], remoteAddress: '192.0.2.1', remotePort: 1, encrypted: false, ...head };
    this.write((out) => out.begin(Op.Ask).json({ ask, transport, head: full }));
    return new Promise((resolve) => this.answers.set(ask, resolve)).then((answer) => ({ ask, ...answer }));
  }

  write(op) {
    const link = [...this.links].find((each) => each.ready) ?? [...this.links][0];
    if (link) link.write(op);
  }

  #link(socket) {
    const frames = new Frames();
    const batch = new Batch();
    const nonce = randomBytes(16).toString('hex');
    const link = { socket, app: undefined, ready: false, write: (op) => { op(batch); batch.end(); socket.write(batch.take()); } };
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.links.delete(link)) return;
      this.ready = [...this.links].some((each) => each.ready);
      if (!this.ready) for (const client of this.clients.values()) client.held ??= [];
    });
    socket.on('data', (chunk) => {
      frames.push(chunk);
      for (let frame = frames.next(); frame; frame = frames.next()) this.#frame(link, nonce, frame);
    });
    link.write((out) => out.begin(Op.Hello).json({ socketgate: 1, gateway: this.id, nonce }));
  }

  #frame(link, nonce, { op, body }) {
    if (op === Op.Hello) return this.#hello(link, nonce, body.json());
    if (op === Op.Ping) return link.write((out) => out.begin(Op.Pong).raw(body.rest()));
    if (op === Op.Pong) return;
    if (op === Op.Ready) {
      link.ready = this.ready = true;
      for (const client of this.clients.values()) if (client.held) this.#present(client);
      link.write((out) => out.begin(Op.Peers).list([], 0));
      this.untaken ??= new Set();
      if (this.untaken.size === 0) link.write((out) => out.begin(Op.Presented));
      return;
    }
    if (op === Op.Bye) {
      for (const client of this.clients.values()) client.held ??= [];
      this.ready = link.ready = false;
      return link.write((out) => out.begin(Op.Held));
    }
    if (op === Op.Answer) {
      const answer = body.json();
      return this.answers.get(answer.ask)(answer);
    }
    if (op === Op.Settings) return (this.asks = body.json().asks);
    if (op === Op.Cast) return this.#cast(body);
    if (op === Op.Recover) {
      const request = body.uvarint();
      const asked = body.json();
      this.asked = [...(this.asked ?? []), asked];
      if (this.silent) return;
      const session = this.sessions?.get(asked.pid);
      const answer = () => link.write((out) => (session ? out.begin(Op.Recovered).uvarint(request).json(session) : out.begin(Op.Recovered).uvarint(request)));
      return this.late ? this.late.push(answer) : answer();
    }
    const client = this.clients.get(body.uvarint());
    if (!client) return;
    switch (op) {
      case Op.Send: {
        body.u8();
        const packet = body.packet();
        if (client.open) client.heard.push(packet);
        break;
      }
      case Op.Socket: {
        const socket = body.json();
        client.sockets.set(socket.nsp, { ...socket, rooms: new Set([socket.sid]), connected: Date.now() });
        break;
      }
      case Op.Join:
        for (const [nsp, rooms] of [[body.string(), body.list()]]) rooms.forEach((room) => client.sockets.get(nsp).rooms.add(room));
        break;
      case Op.Leave:
        for (const [nsp, rooms] of [[body.string(), body.list()]]) rooms.forEach((room) => client.sockets.get(nsp).rooms.delete(room));
        break;
      case Op.Gone:
        client.sockets.delete(body.string());
        break;
      case Op.Data:
        client.sockets.get(body.string()).data = body.bytes().toString('base64');
        break;
      case Op.Keep:
        client.kept = body.json();
        break;
      case Op.Close:
        client.open = false;
        client.discarded = body.u8() === 1;
        this.clients.delete(client.number);
        break;
      case Op.Taken:
        this.untaken?.delete(client.number);
        if (this.untaken?.size === 0) link.write((out) => out.begin(Op.Presented));
        break;
      default:
        throw new Error(`simulated gateway: operation ${op}`);
    }
  }

  #hello(link, nonce, hello) {
    if (hello.proof !== proof(this.key, `app:${nonce}:${hello.nonce}`)) {
      link.write((out) => out.begin(Op.Refused).json({ code: 'bad_key', message: 'the key is another' }));
      return link.socket.end();
    }
    this.hello = hello;
    link.app = hello.app;
    this.links.add(link);
    const given = proof(this.key, `gateway:${hello.nonce}:${nonce}`);
    link.write((out) => out.begin(Op.Welcome).json({ proof: given, mode: this.mode, hold: 1000, pingInterval: 25000, pingTimeout: 20000, maxPayload: 1e6 }));
  }

  /** As a gateway tells of a client that is new: what many clients have in common once for each link. */
  #enter(client) {
    const { method, url, headers, remoteAddress, remotePort, encrypted } = client.head;
    this.write((out) => {
      const link = [...this.links].find((each) => each.ready) ?? [...this.links][0];
      link.words ??= [];
      const news = [method, url, ...headers.map(([name]) => name)].filter((word) => !link.words.includes(word));
      if (news.length > 0) {
        link.words.push(...new Set(news));
        out.begin(Op.Words).list(new Set(news), new Set(news).size).end();
      }
      const word = (text) => (link.words.includes(text) ? out.uvarint(1 + link.words.indexOf(text)) : out.uvarint(0).string(text));
      out.begin(Op.Enter).uvarint(client.number).string(client.sid).string(client.transport).uvarint(client.issued).uvarint(client.asked ?? 0);
      for (const text of [method, url]) word(text);
      out.string(remoteAddress).uvarint(remotePort).u8(encrypted ? 1 : 0).uvarint(headers.length);
      for (const text of headers.flat()) word(text);
    });
  }

  #present(client) {
    if (client.sockets.size === 0 && client.ended === undefined) {
      this.#enter(client);
      return this.#release(client);
    }
    const sockets = [...client.sockets.values()].map((socket) => ({ ...socket, rooms: [...socket.rooms] }));
    this.untaken ??= new Set();
    if (sockets.length > 0) this.untaken.add(client.number);
    this.write((out) => out.begin(Op.Open).json({ client: client.number, sid: client.sid, transport: client.transport, issued: client.issued, asked: client.asked, head: client.head, sockets, ended: client.ended }));
    this.#release(client);
  }

  #release(client) {
    const held = client.held ?? [];
    client.held = undefined;
    for (const packet of held) client.say(...packet);
  }

  #cast(body) {
    const nsp = body.string();
    const flags = body.u8();
    const [rooms, except] = [body.list(), body.list()];
    const packet = body.packet();
    (this.casts ??= []).push({ flags, rooms, text: packet[0] });
    for (const client of this.clients.values()) {
      const socket = client.sockets.get(nsp);
      if (!socket || !client.open) continue;
      if (rooms.length > 0 && !rooms.some((room) => socket.rooms.has(room))) continue;
      if (except.some((room) => socket.rooms.has(room))) continue;
      client.heard.push(packet);
    }
  }
}

module.exports = { SimulatedGateway };
