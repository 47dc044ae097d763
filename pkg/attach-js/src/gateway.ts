import { admitAgain, answer, type Ask } from "./ask";
import type { Attachment } from "./attachment";
import type { Batch, Piece } from "./batch";
import { type Body, MalformedFrame } from "./body";
import { inJson } from "./data";
import { Connection } from "./connection";
import type { VirtualEngine } from "./engine";
import { requestOf } from "./exchange";
import { takeHead } from "./head";
import type { Settings, Welcome } from "./hello";
import type { InnerSocket } from "./internals";
import type { Link, LinkError, LinkHandler } from "./link";
import { opened, type Open, type OpenInJson } from "./opening";
import { Op } from "./ops";
import { Owed } from "./owed";
import { Recoveries } from "./recoveries";
import { knownReason, type KeptSession } from "./recovery";
import { HandshakeRequest, transportOf } from "./request";
import { Restoration, type PresentedSocket } from "./restoration";
import { connectionError, type Turned } from "./turned";

const MOST_DEFERRED = 10_000;

/**
 * One gateway and its clients that this process has. They outlive the link: when it breaks, the gateway keeps them, and
 * presents them again on the next one, where those that are still here go on as they were.
 */
export class Gateway implements LinkHandler {
  peers: string[] = [];
  presented = false;
  /** Answers of handlers to its clients. */
  readonly owed = new Owed();
  private readonly connections = new Map<number, Connection>();
  /** What came for clients whose sockets are being restored, or that say something else in one breath with their CONNECT. */
  private readonly held = new Map<Connection, Array<() => void>>();
  private readonly touched = new Set<Connection>();
  private readonly recoveries = new Recoveries();
  /** What the handshakes of many clients have in common, as this link has said it. */
  private words: string[] = [];
  link?: Link;
  private welcome?: Welcome;
  /** After a link broke, what concerns its clients waits here until all have been presented again. */
  private deferred?: Array<(out: Batch) => void>;
  private returned = new Set<Connection>();
  private patience?: NodeJS.Timeout;

  constructor(readonly id: string, private readonly attachment: Attachment) {}

  get engine(): VirtualEngine {
    return this.attachment.engine;
  }

  get linked(): boolean {
    return this.link !== undefined;
  }

  /** A new link, which replaces the last. */
  take(link: Link, welcome: Welcome): void {
    clearTimeout(this.patience);
    this.link = link;
    this.welcome = welcome;
    this.presented = false;
    this.words = [];
    this.returned.clear();
    if (this.attachment.isReady) link.out.begin(Op.Ready).end();
  }

  sayReady(): void {
    this.link?.out.begin(Op.Ready).end();
  }

  saySettings(settings: Settings): void {
    this.link?.out.begin(Op.Settings).json(settings).end();
  }

  /** Writes one operation, now or when the clients are back. */
  write(op: (out: Batch) => void): void {
    if (!this.deferred) {
      if (this.link) this.end(op, this.link.out);
    } else if (this.deferred.length < MOST_DEFERRED) {
      this.deferred.push(op);
    }
  }

  private end(op: (out: Batch) => void, out: Batch): void {
    op(out);
    if (!out.end()) this.attachment.log("a packet of more than 64 MiB was dropped");
  }

  send(connection: Connection, flags: number, packet: readonly Piece[]): void {
    this.write((out) => out.begin(Op.Send).uvarint(connection.number).u8(flags).packet(packet));
  }

  close(connection: Connection, discard: boolean): void {
    this.write((out) => out.begin(Op.Close).uvarint(connection.number).u8(discard ? 1 : 0));
    this.forget(connection);
  }

  cast(nsp: string, flags: number, rooms: Set<string>, except: Set<string>, packet: readonly Piece[]): void {
    const [to, not] = [[...rooms].map(this.attachment.names.of), [...except].map(this.attachment.names.of)];
    this.write((out) => out.begin(Op.Cast).string(nsp).u8(flags).list(to, to.length).list(not, not.length).packet(packet));
  }

  socket(connection: Connection, { id, pid, handshake, nsp }: InnerSocket): void {
    const said = { nsp: nsp.name, sid: id, pid };
    const body = inJson({ ...said, auth: handshake.auth }) ?? JSON.stringify({ ...said, auth: {} });
    this.write((out) => out.begin(Op.Socket).uvarint(connection.number).rest(body));
  }

  join(connection: Connection, nsp: string, rooms: readonly string[]): void {
    if (rooms.length > 0) this.write((out) => out.begin(Op.Join).uvarint(connection.number).string(nsp).list(rooms.map(this.attachment.names.of), rooms.length));
  }

  leave(connection: Connection, nsp: string, rooms: readonly string[]): void {
    if (rooms.length > 0) this.write((out) => out.begin(Op.Leave).uvarint(connection.number).string(nsp).list(rooms.map(this.attachment.names.of), rooms.length));
  }

  gone(connection: Connection, nsp: string): void {
    this.write((out) => out.begin(Op.Gone).uvarint(connection.number).string(nsp));
  }

  data(connection: Connection, nsp: string, data: Uint8Array): void {
    this.write((out) => out.begin(Op.Data).uvarint(connection.number).string(nsp).bytes(data));
  }

  /** What a socket leaves behind whose client has gone. */
  keep(connection: Connection, nsp: string, rooms: string[], data?: Buffer): void {
    this.write((out) => out.begin(Op.Keep).uvarint(connection.number).json({ nsp, rooms: rooms.map(this.attachment.names.of), data: data?.toString("base64") }));
  }

  /** Asks for the socket that a client comes back for. Who gets no answer begins anew. */
  recover(nsp: string, pid: string, offset: string): Promise<KeptSession | undefined> {
    if (!this.link || this.deferred) return Promise.resolve(undefined);
    const { out } = this.link;
    return this.recoveries.ask((request) => void out.begin(Op.Recover).uvarint(request).json({ nsp, pid, offset }).end());
  }

  bus(to: string, message: Uint8Array): void {
    this.write((out) => out.begin(Op.Bus).string(to).bytes(message));
  }

  /** The process is ending: the gateway sends no more, and keeps the clients. It answers with Held. */
  bye(): boolean {
    this.link?.out.begin(Op.Bye).end();
    this.link?.flush();
    return this.linked;
  }

  /** Resolves when what was said has been written. */
  async detach(reason: string): Promise<void> {
    clearTimeout(this.patience);
    const { link } = this;
    this.link = undefined;
    await link?.close(reason);
  }

  /** How often something came from it. */
  get heard(): number {
    return this.link?.reads ?? 0;
  }

  /** Whether clients wait for handlers or to be restored. */
  get busy(): boolean {
    return this.linked && (this.owed.count > 0 || this.held.size > 0);
  }

  frame(op: number, body: Body): void {
    switch (op) {
      case Op.Packet:
        this.packet(body.uvarint(), body.packet());
        break;
      case Op.Open:
        this.open(opened(body.json<OpenInJson>()));
        break;
      case Op.Enter:
        this.enter(body);
        break;
      case Op.Words:
        this.words.push(...body.list());
        break;
      case Op.Closed: {
        const [client, reason] = [body.uvarint(), body.string()];
        // After what it said last, a goodbye perhaps, has reached the handlers: socket.io takes two ticks for that.
        setImmediate(() => this.closed(client, reason));
        break;
      }
      case Op.Upgraded:
        this.connections.get(body.uvarint())?.changeTransport(body.string());
        break;
      case Op.Ask:
        this.ask(body.json<Ask>());
        break;
      case Op.BusFrom:
        this.attachment.bus.heard(body.string(), body.bytes());
        break;
      case Op.Peers:
        this.peers = body.list();
        this.attachment.bus.peersChanged();
        break;
      case Op.Presented:
        this.allPresented();
        break;
      case Op.Recovered:
        this.recoveries.answer(body.uvarint(), body.left > 0 ? body.json<KeptSession>() : undefined);
        break;
      case Op.Moved:
        this.moved(body.uvarint(), body.string(), body.list(), body.list());
        break;
      case Op.LetIn:
        this.letIn(body.json<{ client: number; sockets: PresentedSocket[] }>());
        break;
      case Op.Turned:
        this.engine.emit("connection_error", connectionError(body.json<Turned>()));
        break;
      case Op.Draining:
        break;
      case Op.Held:
        this.attachment.heldBy(this);
        break;
      default:
        throw new MalformedFrame(`an operation ${op}`);
    }
    body.done();
  }

  gathered(): void {
    if (this.touched.size === 0) return;
    const touched = [...this.touched];
    this.touched.clear();
    setImmediate(() => touched.forEach((connection) => this.attachment.data.compare(connection)));
  }

  ended(error: LinkError): void {
    this.recoveries.end();
    if (this.attachment.closing) return;
    this.link = undefined;
    this.attachment.heldBy(this);
    this.peers = [];
    this.attachment.bus.peersChanged();
    if (this.connections.size === 0) return;
    this.deferred ??= [];
    this.patience = setTimeout(() => this.abandon(), this.welcome?.hold ?? 0);
    this.attachment.log(`the link to gateway ${this.id} broke: ${error.message}; ${this.connections.size} clients wait there`);
  }

  private packet(client: number, packet: Piece[]): void {
    const connection = this.connections.get(client);
    if (!connection) return;
    const held = this.held.get(connection);
    if (held) {
      held.push(() => connection.receive(packet));
    } else {
      this.touched.add(connection);
      connection.receive(packet);
      if (connection.told.length === 0) this.pace(connection);
    }
  }

  /**
   * socket.io takes some ticks for a CONNECT, and what it makes of the next packet depends on it. A client's own connection would hardly bring both in
   * one turn of the event loop: the link does.
   */
  private pace(connection: Connection): void {
    const waiting: Array<() => void> = [];
    this.held.set(connection, waiting);
    const next = () => {
      if (this.held.get(connection) !== waiting) return; // it has gone, or is being restored
      waiting.shift()?.();
      if (waiting.length > 0 && connection.told.length === 0) return void setImmediate(next);
      this.held.delete(connection);
      for (const handle of waiting) handle();
    };
    setImmediate(next);
  }

  /** A new client, which has no sockets yet. */
  private enter(body: Body): void {
    const client = body.uvarint();
    const sid = body.string();
    const transport = body.string();
    const issued = body.uvarint();
    const asked = body.uvarint() || undefined;
    this.open({ client, sid, transport, issued, asked, head: takeHead(body, this.words) });
  }

  private open(open: Open): void {
    const before = this.connections.get(open.client);
    if (before) return this.again(before, open);
    const asked = open.asked === undefined ? undefined : this.attachment.asked.get(open.asked, this);
    const { engine } = this.attachment;
    const sockets = open.sockets ?? [];
    const unseen = !asked && sockets.length > 0 && !("packed" in open.head) && engine.asks ? requestOf(open.head) : undefined;
    const request = asked ?? unseen ?? new HandshakeRequest(open.head);
    const connection = new Connection(open.sid, open.client, request, open.head.remoteAddress, open.transport, this);
    this.connections.set(open.client, connection);
    if (this.deferred) this.returned.add(connection);
    if (transportOf(open.head.url) !== open.transport) connection.hasUpgraded(sockets.length === 0);
    engine.admit(connection);
    if (sockets.length > 0) this.restore(connection, open.issued, sockets, open.ended, unseen && (() => admitAgain(this.attachment, unseen, open.transport)));
    else if (open.ended !== undefined) this.closed(open.client, open.ended);
  }

  /** The gateway's own handlers have let a client into a namespace that was here before. */
  private letIn({ client, sockets }: { client: number; sockets: PresentedSocket[] }): void {
    const connection = this.connections.get(client);
    if (connection) this.restore(connection, Date.now(), sockets);
  }

  /** What the client says meanwhile waits. */
  private restore(connection: Connection, issued: number, sockets: PresentedSocket[], ended?: string, admitted?: () => Promise<boolean>): void {
    this.held.set(connection, [...(this.held.get(connection) ?? [])]);
    const restoration = new Restoration(this.attachment.io, connection, issued, sockets, this.attachment.names, admitted);
    void restoration.run().then((restored) => this.restored(connection, restored, ended));
  }

  private restored(connection: Connection, restored: boolean, ended?: string): void {
    const held = this.held.get(connection) ?? [];
    this.held.delete(connection);
    this.link?.out.begin(Op.Taken).uvarint(connection.number).end();
    if (!restored) return connection.close(true);
    this.touched.add(connection);
    for (const handle of held) handle();
    if (ended !== undefined) process.nextTick(() => this.closed(connection.number, ended));
  }

  /** A client that was here all along, while the link was broken. */
  private again(connection: Connection, open: Open): void {
    this.returned.add(connection);
    const known = new Map((open.sockets ?? []).map((socket) => [socket.nsp, new Set(socket.rooms)]));
    for (const { nsp, socket } of connection.told) {
      const rooms = known.get(nsp);
      if (!rooms) this.socket(connection, socket);
      const here = new Set([...socket.rooms].map(this.attachment.names.of));
      this.join(connection, nsp, [...here].filter((room) => room !== socket.id && !rooms?.has(room)));
      this.leave(connection, nsp, [...(rooms ?? [])].filter((room) => !here.has(room)));
    }
    if (known.size > 0) this.link?.out.begin(Op.Taken).uvarint(open.client).end();
    if (open.ended !== undefined) this.closed(open.client, open.ended);
  }

  private allPresented(): void {
    this.presented = true;
    const deferred = this.deferred;
    this.deferred = undefined;
    if (deferred) {
      for (const connection of [...this.connections.values()]) {
        if (!this.returned.has(connection)) this.closed(connection.number, "transport close");
      }
      for (const op of deferred) this.write(op);
    }
    this.returned.clear();
    this.attachment.presentedByOne();
  }

  /** The gateway has not come back, so neither have its clients here. */
  private abandon(): void {
    this.deferred = undefined;
    for (const connection of [...this.connections.values()]) this.closed(connection.number, "transport close");
    this.attachment.forget(this);
  }

  private closed(client: number, reason: string): void {
    const connection = this.connections.get(client);
    if (!connection) return;
    this.forget(connection);
    connection.closed(this.attachment.recovers ? knownReason(reason) : reason);
  }

  private forget(connection: Connection): void {
    this.connections.delete(connection.number);
    this.held.delete(connection);
    this.touched.delete(connection);
  }

  private moved(client: number, nsp: string, joined: string[], left: string[]): void {
    const connection = this.connections.get(client);
    const held = connection && this.held.get(connection);
    if (held) return void held.push(() => this.moved(client, nsp, joined, left));
    const socket = connection?.toldOf(nsp)?.socket;
    if (socket) this.attachment.follow(socket, joined, left);
  }

  private ask(ask: Ask): void {
    void answer(this.attachment, ask).then(({ reply, request }) => {
      if (reply.ok) this.attachment.asked.keep(ask.ask, this, request);
      this.link?.out.begin(Op.Answer).json({ ask: ask.ask, ...reply }).end();
    });
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.connections.values();
  }

  /** How many clients of it this process has. */
  get count(): number {
    return this.connections.size;
  }
}
