import { EventEmitter } from "node:events";
import type { Piece } from "./batch";
import type { VirtualEngine } from "./engine";
import type { Gateway } from "./gateway";
import { fewListeners } from "./listeners";
import { piecesOf } from "./pieces";
import type { InnerClient, InnerSocket } from "./internals";
import { Flag } from "./ops";
import { Transport } from "./transport";

interface WriteOptions {
  compress?: boolean;
  volatile?: boolean;
}

/** What the gateway has been told of a socket on this connection. */
export interface Told {
  readonly nsp: string;
  socket: InnerSocket;
  /** socket.data as it was last sent, serialised, with its odd rooms. */
  data?: Buffer;
  /** Its rooms that the next process can't know by their names. */
  odd?: Set<unknown>;
}

export interface Connection extends EventEmitter {}

const NOTHING_TOLD: readonly Told[] = [];
const TRANSPORT_ERROR = "transport error"; // the one end that comes with an Error, whose message handlers may print

/**
 * `socket.conn` of a gateway's client: an Engine.IO socket by what apps and socket.io use of one. Heartbeat, queue and
 * transport are the gateway's. Attachments that follow a text frame are gathered, so that a packet is one operation.
 * There is one for each client, so it has no more fields than it needs: it is an EventEmitter by its prototype.
 */
export class Connection {
  /** One for each namespace. */
  told = NOTHING_TOLD;
  readyState: "open" | "closing" | "closed" = "open";
  upgraded = false;
  transport: Transport;
  private partial?: { pieces: Piece[]; missing: number };
  private unheard = false;
  /** socket.io's, once it is in a namespace. */
  client?: InnerClient;
  readonly _events = fewListeners(); // where EventEmitter looks for them

  constructor(
    readonly id: string,
    /** The gateway's number of the client. */
    readonly number: number,
    /** Apps may delete it, to save memory. */
    readonly request: object | undefined,
    readonly remoteAddress: string,
    transport: string,
    readonly gateway: Gateway,
  ) {
    this.transport = Transport.named(transport);
  }

  get protocol(): number {
    return 4;
  }

  get upgrading(): boolean {
    return false;
  }

  /** The packets that wait for the client are the gateway's: here is none, and who looks how many there are goes on. */
  get writeBuffer(): unknown[] {
    return [];
  }

  get server(): VirtualEngine {
    return this.gateway.engine;
  }

  on(event: string | symbol, listener: (...args: any[]) => void): this {
    if (event === "packetCreate") Connection.observed = true;
    return EventEmitter.prototype.on.call(this, event, listener) as this;
  }

  /** Whether any connection was ever given a listener for the packets that go out. */
  static observed = false;

  /** Tells listeners of a packet that is going out. */
  created(data: Piece, options: WriteOptions = {}): void {
    if (this.listenerCount("packetCreate") === 0) return;
    this.emit("packetCreate", { type: "message", data, options: { ...options, compress: options.compress !== false } });
  }

  send(data: Piece, options?: WriteOptions, callback?: () => void): this {
    return this.write(data, options, callback);
  }

  write(data: Piece, options?: WriteOptions | (() => void), callback?: () => void): this {
    if (typeof options === "function") return this.write(data, undefined, options);
    if (this.readyState !== "open") return this;
    this.created(data, options);
    const flags = (options?.volatile ? Flag.Volatile : 0) | (options?.compress === false ? Flag.NoCompress : 0);
    this.assemble(data, flags);
    if (this.listenerCount("flush") > 0) this.emit("flush", [{ type: "message", data }]);
    if (callback || this.listenerCount("drain") > 0) {
      setImmediate(() => {
        callback?.();
        this.emit("drain");
      });
    }
    return this;
  }

  /** Ends the connection: what was written goes out first unless `discard`. "close" is emitted at once, as Engine.IO does where nothing waits to be written. */
  close(discard = false): void {
    if (this.readyState !== "open") return;
    this.readyState = "closing";
    this.gateway.close(this, discard);
    this.closed("forced close");
  }

  /** A packet of the client. */
  receive(packet: readonly Piece[]): void {
    for (const data of packet) {
      if (this.readyState !== "open") return;
      if (this.listenerCount("packet") > 0) this.emit("packet", { type: "message", data });
      this.emit("data", data);
      this.emit("message", data);
    }
  }

  /** The client has gone. */
  closed(reason: string): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.server.dismiss(this);
    this.emit("close", reason, reason === TRANSPORT_ERROR ? Object.assign(new Error(reason), { type: "TransportError" }) : undefined);
  }

  changeTransport(name: string): void {
    this.transport = Transport.named(name);
    this.upgraded = true;
    if (this.told.length > 0) this.emit("upgrade", this.transport);
    else this.unheard = true;
  }

  /** The client began with another transport. Nobody has heard of the upgrade yet, if it is new here. */
  hasUpgraded(unheard: boolean): void {
    this.upgraded = true;
    this.unheard = unheard;
  }

  /** What the gateway is told of from now on. A handler of the first connection may listen for an upgrade that came before it. */
  tell(told: Told): void {
    this.told = this.told.length === 0 ? [told] : [...this.told.filter(({ nsp }) => nsp !== told.nsp), told];
    if (!this.unheard) return;
    this.unheard = false;
    process.nextTick(() => this.emit("upgrade", this.transport));
  }

  toldOf(nsp: string): Told | undefined {
    return this.told.find((told) => told.nsp === nsp);
  }

  untell(nsp: string): void {
    this.told = this.told.filter((told) => told.nsp !== nsp);
  }

  private assemble(piece: Piece, flags: number): void {
    const { partial } = this;
    if (partial) {
      partial.pieces.push(piece);
      if (--partial.missing > 0) return;
      this.partial = undefined;
      return this.gateway.send(this, flags, partial.pieces);
    }
    const count = piecesOf(piece);
    if (count === 1) this.gateway.send(this, flags, [piece]);
    else this.partial = { pieces: [piece], missing: count - 1 };
  }
}

Object.setPrototypeOf(Connection.prototype, EventEmitter.prototype);
