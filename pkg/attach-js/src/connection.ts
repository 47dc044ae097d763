import { EventEmitter } from "node:events";
import type { Piece } from "./batch";
import type { VirtualEngine } from "./engine";
import type { Gateway } from "./gateway";
import { piecesOf } from "./pieces";
import type { InnerSocket } from "./internals";
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
  /** socket.data as it was last sent, serialised. */
  data?: Buffer;
}

/**
 * `socket.conn` of a gateway's client: an Engine.IO socket by what apps and socket.io use of one. Heartbeat, queue and
 * transport are the gateway's. Attachments that follow a text frame are gathered, so that a packet is one operation.
 */
export class Connection extends EventEmitter {
  readonly protocol = 4;
  /** One for each namespace. */
  readonly told: Told[] = [];
  readyState: "open" | "closing" | "closed" = "open";
  upgraded = false;
  readonly upgrading = false;
  transport: Transport;
  readonly remoteAddress: string | undefined;
  private partial?: Piece[];
  private missing = 0;
  private unheard = false;

  constructor(
    readonly id: string,
    /** The gateway's number of the client. */
    readonly number: number,
    readonly server: VirtualEngine,
    readonly request: { socket: { remoteAddress?: string } },
    transport: string,
    readonly gateway: Gateway,
  ) {
    super();
    this.transport = Transport.named(transport);
    this.remoteAddress = request.socket.remoteAddress;
  }

  override on(event: string | symbol, listener: (...args: any[]) => void): this {
    if (event === "packetCreate") Connection.observed = true;
    return super.on(event, listener);
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

  /** Ends the connection, as Engine.IO does: what was written goes out first unless `discard`, "close" is emitted later. */
  close(discard = false): void {
    if (this.readyState !== "open") return;
    this.readyState = "closing";
    this.gateway.close(this, discard);
    process.nextTick(() => this.closed("forced close"));
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
    this.emit("close", reason, undefined);
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
    this.untell(told.nsp);
    this.told.push(told);
    if (!this.unheard) return;
    this.unheard = false;
    process.nextTick(() => this.emit("upgrade", this.transport));
  }

  toldOf(nsp: string): Told | undefined {
    return this.told.find((told) => told.nsp === nsp);
  }

  untell(nsp: string): void {
    const at = this.told.findIndex((told) => told.nsp === nsp);
    if (at >= 0) this.told.splice(at, 1);
  }

  private assemble(piece: Piece, flags: number): void {
    if (this.partial) {
      this.partial.push(piece);
      if (--this.missing > 0) return;
      const whole = this.partial;
      this.partial = undefined;
      return this.gateway.send(this, flags, whole);
    }
    const count = piecesOf(piece);
    if (count === 1) return this.gateway.send(this, flags, [piece]);
    this.partial = [piece];
    this.missing = count - 1;
  }
}
