import { randomBytes } from "node:crypto";
import { parseAddresses } from "./address";
import { AskedRequests } from "./ask";
import { Bus, type Question } from "./bus";
import type { Told } from "./connection";
import { connectionOf, flagsOf, register, soleTarget, where } from "./layer";
import { corsMiddleware } from "./cors";
import { DataKeeper } from "./data";
import { Departure, finish } from "./departure";
import { Dialer, SAME_GATEWAY } from "./dialer";
import { VirtualEngine, type NativeEngine } from "./engine";
import { Gateway } from "./gateway";
import type { ServerOptions, Settings, Welcome } from "./hello";
import type { BroadcastOptions, InnerAdapter, InnerServer, InnerSocket, Middleware, Packet, RemoteSocket, Session } from "./internals";
import { LinkError, type Link, type LinkHandler } from "./link";
import { prepareNamespaces } from "./namespaces";
import { serverOptions } from "./options";
import { isKept, recoveryWindow, whyNoRecovery } from "./recovery";
import { restoring } from "./restoration";
import { Flag } from "./ops";
import { Trimmer } from "./trim";
import { RoomNames } from "./rooms";
import { noticeLeft } from "./signals";

export interface AttachmentOptions {
  url: string | readonly string[];
  key: string;
  /** ms that handlers have to write their last answers after the gateway has stopped sending. */
  linger: number;
  /** Whether clients keep their sockets over a restart of this process. */
  keep: boolean;
  log: (line: string) => void;
  socketio: string;
  version: string;
}

/** A server and its gateways. */
export class Attachment {
  readonly app = randomBytes(9).toString("base64url");
  readonly engine: VirtualEngine;
  readonly asked = new AskedRequests();
  readonly data: DataKeeper;
  readonly bus: Bus;
  readonly names: RoomNames;
  private readonly trimmer: Trimmer;
  readonly log: (line: string) => void;
  readonly ready: Promise<void>;
  readonly gateways = new Map<string, Gateway>();
  /** Called when the server has left. */
  over = () => {};
  isReady = false;
  closing = false;
  private readonly dialer: Dialer;
  private readonly cors?: Middleware;
  private announce!: { all: () => void; failed: (error: Error) => void };
  private window?: number;
  private saidOfRecovery?: string;
  private departure?: Departure;
  private following = false;
  private said: Settings = { asks: false, listens: false };
  private unbind!: () => void;

  constructor(readonly io: InnerServer, private readonly options: AttachmentOptions) {
    this.log = options.log;
    this.names = new RoomNames(options.key);
    this.ready = new Promise((all, failed) => (this.announce = { all, failed }));
    this.ready.catch(() => {}); // who waits for it hears of it
    this.engine = io.engine instanceof VirtualEngine ? io.engine : new VirtualEngine(engineOptions(io));
    this.cors = corsMiddleware(io);
    this.bus = new Bus({ peers: () => this.peers(), asked: (question, reply) => this.doAsAsked(question, reply) });
    this.data = new DataKeeper(() => options.keep || this.recovers, () => this.gateways.values(), options.log);
    this.trimmer = new Trimmer(() => this.engine.arrivals);
    register(io, this);
    this.bind();
    prepareNamespaces(io, () => this.sayReady());
    this.engine.on("settings", () => this.saySettings());
    this.dialer = new Dialer(parseAddresses(options.url), {
      key: options.key,
      hello: () => ({ app: this.app, ...(this.said = this.settings), options: this.optionsForGateway(), package: options.version, socketio: options.socketio }),
      welcomed: (link, gateway, welcome) => this.welcomed(link, gateway, welcome),
      ended: (_link, error) => this.ended(error),
    }, options.log);
  }

  /** Present clients from now on. */
  sayReady(): void {
    if (this.isReady) return;
    this.isReady = true;
    for (const gateway of this.gateways.values()) gateway.sayReady();
  }

  get middlewares(): Middleware[] {
    return this.cors ? [this.cors, ...this.engine.middlewares] : this.engine.middlewares;
  }

  /** Whether clients are there that came to this process directly. */
  get hasNatives(): boolean {
    return this.engine.natives.size > 0 && this.engine.clientsCount > this.engine.virtualCount;
  }

  /** Whether clients may come to this process directly. */
  get servesNatives(): boolean {
    return this.engine.natives.size > 0;
  }

  /** Whether the gateway keeps sessions of clients that are away, and what they miss. */
  get recovers(): boolean {
    return (this.window ??= recoveryWindow(this.io)) > 0;
  }

  /** Keeps what a client's socket leaves behind; false if it is none of a gateway's. */
  persist(adapter: InnerAdapter, session: Session): boolean {
    const socket = adapter.nsp.sockets.get(session.sid);
    const connection = connectionOf(socket);
    if (!connection) return false;
    const told = connection.toldOf(adapter.nsp.name);
    if (this.recovers && told && told.socket === socket) connection.gateway.keep(connection, adapter.nsp.name, session.rooms, this.data.current(told));
    return true;
  }

  /** A socket is about to be in these rooms: the gateway hears it first, since listeners of the adapter ("join-room") may emit to them. */
  joining(adapter: InnerAdapter, id: string, rooms: Iterable<string>): void {
    const socket = adapter.nsp.sockets.get(id);
    const connection = connectionOf(socket);
    if (!socket || !connection || connection.readyState !== "open" || this.closing) return;
    const nsp = adapter.nsp.name;
    const others = (all: Iterable<string>, known?: ReadonlySet<string>) => [...all].filter((room) => room !== id && !known?.has(this.names.of(room)));
    const told = connection.toldOf(nsp);
    if (told?.socket === socket) {
      this.noteOdd(told, rooms);
      if (!this.following) connection.gateway.join(connection, nsp, others(rooms));
      return;
    }
    const before = restoring(socket.client, nsp)?.before(nsp);
    const first: Told = { nsp, socket, data: before?.data ? Buffer.from(before.data, "base64") : undefined };
    const all = new Set([...(adapter.sids.get(id) ?? []), ...rooms]);
    this.noteOdd(first, all);
    connection.tell(first);
    if (before) socket.recovered = !before.fresh;
    else connection.gateway.socket(connection, socket);
    connection.gateway.join(connection, nsp, others(all, before && new Set(before.rooms)));
  }

  private noteOdd(told: Told, rooms: Iterable<unknown>): void {
    for (const room of rooms) if (this.names.isOdd(room)) (told.odd ??= new Set()).add(room);
  }

  /** It is about to leave one, and does not hear what listeners of "leave-room" say there. */
  leaving(adapter: InnerAdapter, id: string, room: string): void {
    const connection = this.toldOf(adapter, id);
    if (!connection) return;
    connection.toldOf(adapter.nsp.name)!.odd?.delete(room);
    if (!this.following) connection.gateway.leave(connection, adapter.nsp.name, [room]);
  }

  leftAll(adapter: InnerAdapter, id: string): void {
    const connection = this.toldOf(adapter, id);
    if (!connection) return;
    connection.untell(adapter.nsp.name);
    connection.gateway.gone(connection, adapter.nsp.name);
  }

  private toldOf(adapter: InnerAdapter, id: string) {
    const socket = adapter.nsp.sockets.get(id);
    const connection = connectionOf(socket);
    if (!connection || connection.readyState !== "open" || this.closing) return undefined;
    return connection.toldOf(adapter.nsp.name)?.socket === socket ? connection : undefined;
  }

  /** The gateway's own handlers have moved the socket: its adapter here follows, without telling it back. */
  follow(socket: InnerSocket, joined: readonly string[], left: readonly string[]): void {
    const { adapter } = socket.nsp;
    this.following = true;
    try {
      if (joined.length > 0) void adapter.addAll(socket.id, new Set(joined));
      for (const room of left) void adapter.del(socket.id, room);
    } finally {
      this.following = false;
    }
  }

  /** Sends a packet to whomever the options name: to all clients of the gateways if `shared`, else to this process' only. */
  cast(adapter: InnerAdapter, packet: Packet, options: BroadcastOptions, shared: boolean): void {
    const pieces = adapter.encoder.encode(packet);
    const except = options.except ?? new Set();
    const kept = isKept(this, packet, options);
    const flags = flagsOf(options, shared) | (kept ? Flag.Keep : 0);
    const sole = shared && this.bus.peerCount > 0 ? undefined : soleTarget(adapter, options);
    if (sole) {
      const connection = connectionOf(sole);
      // By its room, since the client may have gone, and comes back for it.
      if (kept) connection?.gateway.cast(adapter.nsp.name, flags, options.rooms, except, pieces);
      else connection?.gateway.send(connection, flags & 3, pieces);
      return;
    }
    for (const gateway of this.gateways.values()) gateway.cast(adapter.nsp.name, flags, options.rooms, except, pieces);
  }

  /** Has the other processes ask their clients, and gathers how many these are and what they answer. */
  castElsewhere(adapter: InnerAdapter, packet: Packet, options: BroadcastOptions, clients: (count: number) => void, ack: (answer: unknown) => void): void {
    let uncounted = this.bus.peerCount;
    const heard = (answer: unknown) => {
      const { count, ack: given } = answer as { count?: number; ack?: unknown };
      if (count === undefined) return ack(given);
      uncounted--;
      clients(count);
    };
    const done = () => {
      for (; uncounted > 0; uncounted--) clients(0); // of processes that have gone
    };
    const question: Question = { kind: "cast", nsp: adapter.nsp.name, where: where(options), packet: { type: packet.type, data: packet.data }, volatile: options.flags?.volatile };
    this.bus.ask(question, heard, done, options.flags?.timeout);
  }

  async fetch(adapter: InnerAdapter, base: InnerAdapter, options: BroadcastOptions): Promise<RemoteSocket[]> {
    const own = await base.fetchSockets.call(adapter, options);
    if (this.bus.peerCount === 0) return own;
    const question: Question = { kind: "fetch", nsp: adapter.nsp.name, where: where(options) };
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, answers: unknown[]) => (error ? reject(error) : resolve([...own, ...(answers as RemoteSocket[][]).flat()]));
      this.bus.ask(question, () => {}, done, options.flags?.timeout);
    });
  }

  emitElsewhere(nsp: string, args: unknown[]): void {
    const ack = args.at(-1);
    if (typeof ack !== "function") return this.bus.tell({ kind: "emit", nsp, args });
    this.bus.ask({ kind: "emit", nsp, args: args.slice(0, -1) }, () => {}, (error, answers) => ack(error, answers));
  }

  private doAsAsked(question: Question, reply?: (answer: unknown, more?: boolean) => void): void {
    const namespace = this.io._nsps.get(question.nsp);
    if (!namespace) return void (question.kind === "cast" ? reply?.({ count: 0 }) : reply?.(question.kind === "fetch" ? [] : undefined));
    const { adapter } = namespace;
    const options = (where: { rooms: string[]; except: string[] }, volatile?: boolean): BroadcastOptions => ({
      rooms: new Set(where.rooms),
      except: new Set(where.except),
      flags: { local: true, volatile },
    });
    switch (question.kind) {
      case "join":
        return adapter.addSockets(options(question.where), question.rooms);
      case "leave":
        return adapter.delSockets(options(question.where), question.rooms);
      case "disconnect":
        return adapter.disconnectSockets(options(question.where), question.close);
      case "emit": {
        let answered = false;
        const once = (answer: unknown) => {
          if (!answered) reply!(answer);
          answered = true;
        };
        return namespace._onServerSideEmit(reply ? [...question.args, once] : question.args);
      }
      case "fetch":
        return void adapter.fetchSockets(options(question.where)).then((sockets) => reply!(sockets.map(described)));
      case "cast": {
        let missing = Number.POSITIVE_INFINITY;
        adapter.broadcastWithAck(
          question.packet as Packet,
          options(question.where, question.volatile),
          (count) => reply!({ count }, (missing = count) > 0),
          (answer) => reply!({ ack: answer }, --missing > 0),
        );
      }
    }
  }

  private peers(): Map<string, (message: Uint8Array) => void> {
    const peers = new Map<string, (message: Uint8Array) => void>();
    for (const gateway of this.gateways.values()) {
      for (const peer of gateway.peers) if (!peers.has(peer)) peers.set(peer, (message) => gateway.bus(peer, message));
    }
    return peers;
  }

  private welcomed(link: Link, id: string, welcome: Welcome): LinkHandler {
    const known = this.gateways.get(id);
    if (known?.linked) throw new LinkError("this gateway is linked already", SAME_GATEWAY);
    if (this.closing) throw new LinkError("this process is ending");
    const gateway = known ?? new Gateway(id, this);
    this.gateways.set(id, gateway);
    gateway.take(link, welcome);
    this.log(`attached to gateway ${id}${welcome.mode === "gateway" ? `, which handles ${welcome.events?.join(", ")} itself` : ""}`);
    this.sayRecovery();
    return gateway;
  }

  /** Says once why connectionStateRecovery does nothing for the gateways' clients. */
  private sayRecovery(): void {
    const why = whyNoRecovery(this.io);
    if (why && why !== this.saidOfRecovery) this.log(`connectionStateRecovery has no effect for clients of the gateway, who begin anew: ${why}`);
    this.saidOfRecovery = why;
  }

  private optionsForGateway(): ServerOptions {
    return serverOptions(this.io, (this.window = recoveryWindow(this.io)), this.options.keep);
  }

  private ended(error: LinkError): void {
    if (error.code === "bad_key") this.announce.failed(error);
  }

  /** A gateway has presented all clients that it held. */
  presentedByOne(): void {
    const linked = [...this.gateways.values()].filter((gateway) => gateway.linked);
    if (linked.every((gateway) => gateway.presented)) this.announce.all();
  }

  forget(gateway: Gateway): void {
    this.gateways.delete(gateway.id);
  }

  heldBy(gateway: Gateway): void {
    this.departure?.held(gateway);
  }

  private leavingDone?: Promise<void>;
  /** Detaches and keeps: the gateways hold the clients for the next process. Resolves when all that was under way is written. */
  leave(): Promise<void> {
    return (this.leavingDone ??= this.leaveOnce());
  }

  private async leaveOnce(): Promise<void> {
    this.dialer.stop();
    this.data.compareAll();
    const held = new Set([...this.gateways.values()].filter((gateway) => gateway.bye()));
    if (held.size > 0) {
      const gateways = [...held];
      this.departure = new Departure(held);
      await this.departure.allHeld();
      await finish(gateways, this.options.linger);
      this.data.compareAll();
    }
    this.closing = true;
    this.data.stop();
    this.trimmer.stop();
    await Promise.all([...this.gateways.values()].map((gateway) => gateway.detach("this process is ending")));
    noticeLeft(this);
    this.engine.left();
    this.unbind();
    this.over();
  }

  /** Makes the engine this server's, and keeps it so when the app starts another besides. */
  private bind(): void {
    const { io, engine } = this;
    const before = io.engine as NativeEngine | undefined;
    const bind = io.bind;
    if (io.engine !== engine) bind.call(io, engine); // else it is bound since an attachment before this one
    if (before && io.engine !== before) engine.accompany(before);
    io.bind = (other) => {
      bind.call(io, other);
      engine.accompany(other as NativeEngine);
      io.engine = engine;
      return io;
    };
    const close = io.close;
    io.close = async (callback) => {
      await this.leave();
      await close.call(io, callback);
    };
    this.unbind = () => Object.assign(io, { bind, close });
  }

  private get settings(): Settings {
    return { asks: this.engine.asks || this.cors !== undefined, listens: this.engine.listens };
  }

  private saySettings(): void {
    const { settings } = this;
    if (this.said.asks === settings.asks && this.said.listens === settings.listens) return;
    this.said = settings;
    for (const gateway of this.gateways.values()) gateway.saySettings(settings);
  }
}

function engineOptions(io: InnerServer): Record<string, unknown> {
  return { pingTimeout: 20_000, pingInterval: 25_000, maxHttpBufferSize: 1e6, transports: ["polling", "websocket"], allowUpgrades: true, ...io.opts };
}

/** A socket as another process sees it. */
function described({ id, handshake, rooms, data }: RemoteSocket): RemoteSocket {
  const { sessionStore: _, ...plain } = handshake as Record<string, unknown>;
  return { id, handshake: plain, rooms: [...rooms], data };
}
