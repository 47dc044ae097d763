import type { Connection } from "./connection";
import { unpack, type Kept } from "./kept";
import { PacketType, type InnerClient, type InnerNamespace, type InnerServer, type InnerSocket, type Packet } from "./internals";
import type { RoomNames } from "./rooms";
import { afterTurns } from "./turns";

const NAMESPACE_WAIT = 5_000;
const MIDDLEWARE_WAIT = 10; // seconds
const LOOK_AGAIN = 100;
const HANDLER_WAIT = 2; // seconds

/** A socket that the client has already, by its CONNECT reply. Rooms include its id. */
export interface PresentedSocket extends Kept {
  nsp: string;
  sid: string;
  pid?: string;
  auth?: Record<string, unknown>;
  /** The gateway's own handlers have just let it in; no process of the app has seen it. */
  fresh?: boolean;
  user?: unknown;
  /** When it connected, in ms. */
  connected?: number;
}

const restorations = new WeakMap<object, Restoration>();

/** The socket that is being restored for this client in this namespace, if any, to be made in the place of a new one. */
export function restoring(client: InnerClient, namespace: string): Restoration | undefined {
  const restoration = restorations.get(client.conn);
  return restoration?.waitsFor(namespace) ? restoration : undefined;
}

/** The restoration that this client is in the middle of. */
export function restorationOf(client: InnerClient): Restoration | undefined {
  return restorations.get(client.conn);
}

/**
 * Brings a client's sockets back into this process: each goes through all middlewares with its first handshake, and has
 * its id, rooms and data. The client is sent no CONNECT reply. When one is refused, the whole connection is closed, so
 * that the client comes back with fresh credentials.
 */
export class Restoration {
  private readonly waiting = new Map<string, PresentedSocket>();
  private readonly handlers: Promise<unknown>[] = [];
  private client?: InnerClient;
  private finish!: (restored: boolean) => void;

  constructor(
    private readonly io: InnerServer,
    private readonly connection: Connection,
    private readonly issued: number,
    presented: readonly PresentedSocket[],
    private readonly names: RoomNames,
    /** What its handshake must pass first, where the app judges handshakes. */
    private readonly admitted: () => Promise<boolean> = () => Promise.resolve(true),
  ) {
    for (const socket of presented) this.waiting.set(socket.nsp, socket);
    restorations.set(connection, this);
  }

  /** Resolves when all are there, or with false when one was refused and the connection must end. */
  async run(): Promise<boolean> {
    const passed = afterTurns(MIDDLEWARE_WAIT, () => this.end(false));
    const finished = new Promise<boolean>((resolve) => (this.finish = resolve));
    void this.admitted().then((admitted) => {
      if (!admitted) return this.end(false);
      for (const socket of [...this.waiting.values()]) {
        void exists(this.io, socket).then((found) => (found ? this.connect(socket) : this.end(false)));
      }
    });
    const restored = await finished;
    passed();
    restorations.delete(this.connection);
    if (this.client) Reflect.deleteProperty(this.client, "_packet");
    if (restored) await this.handled();
    return restored;
  }

  waitsFor(namespace: string): boolean {
    return this.waiting.has(namespace);
  }

  /** The socket to connect in the namespace, as it was. Called in the place of Namespace._createSocket. */
  async create(namespace: InnerNamespace, client: InnerClient, make: (auth: Record<string, unknown>) => Promise<InnerSocket>): Promise<InnerSocket> {
    const before = this.waiting.get(namespace.name)!;
    this.listen(client);
    const { pid: _, offset: __, ...auth } = before.auth ?? {};
    const socket = await make(auth);
    socket.id = before.sid;
    if (before.pid) socket.pid = before.pid;
    const { data, rooms } = unpack(before, this.names);
    socket.data = before.user === undefined ? data : Object.assign(data as object, { user: before.user });
    const issued = before.connected ?? this.issued;
    Object.assign(socket.handshake, { auth: before.auth ?? {}, issued });
    const time = String(new Date(issued));
    if (socket.handshake.time !== time) socket.handshake.time = time; // one of ours says it by itself
    if (rooms.length > 0) socket.join(rooms);
    return socket;
  }

  /** A handler of "connection" that goes on after an `await`: it may listen for more by then. */
  goesOn(handler: Promise<unknown>): void {
    this.handlers.push(handler.then(nothing, nothing));
    void handler.finally(nothing); // one that fails is as unhandled as it was
  }

  /** Resolves when the handlers have come to their end, or have had long enough. */
  private async handled(): Promise<void> {
    if (this.handlers.length === 0) return;
    let ended = nothing;
    const enough = new Promise<void>((resolve) => (ended = afterTurns(HANDLER_WAIT, resolve)));
    await Promise.race([enough, Promise.all(this.handlers)]);
    ended();
  }

  /** The rooms that the gateway knows this socket to be in, and whether it was there before. */
  before(namespace: string): PresentedSocket | undefined {
    return this.waiting.get(namespace);
  }

  /** Reads the reply to the CONNECT, which the client must not get. */
  private listen(client: InnerClient): void {
    if (this.client) return;
    this.client = client;
    const send = client._packet;
    client._packet = (packet: Packet, options?: unknown) => {
      const ours = this.waiting.has(packet.nsp);
      if (ours && packet.type === PacketType.Connect) this.connected(packet.nsp);
      else if (ours && packet.type === PacketType.ConnectError) this.end(false);
      else send.call(client, packet, options);
    };
  }

  private connected(namespace: string): void {
    this.waiting.delete(namespace);
    if (this.waiting.size === 0) process.nextTick(() => this.end(true)); // once "connection" was emitted
  }

  private end(restored: boolean): void {
    this.finish(restored);
  }

  /** As if the client had asked for it, in whatever way the server's parser writes it. */
  private connect(socket: PresentedSocket): void {
    if (this.connection.readyState !== "open") return this.end(false);
    const packet: Packet = { type: PacketType.Connect, nsp: socket.nsp, data: socket.auth ?? {} };
    for (const piece of this.io.encoder.encode(packet)) this.connection.emit("data", piece);
  }
}

function nothing(): void {}

/** Whether the namespace is there, or comes soon: an app may make it a moment after "/". */
async function exists(io: InnerServer, { nsp, auth = {} }: PresentedSocket): Promise<boolean> {
  for (let left = NAMESPACE_WAIT; left > 0; left -= LOOK_AGAIN) {
    if (io._nsps.has(nsp)) return true;
    if (io.parentNsps.size > 0 && (await new Promise((found) => io._checkNamespace(nsp, auth, found)))) return true;
    await new Promise((later) => setTimeout(later, LOOK_AGAIN));
  }
  return false;
}
