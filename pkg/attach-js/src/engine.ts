import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Connection } from "./connection";
import type { Middleware } from "./internals";

/** An engine with clients of its own, beside ours. */
export interface NativeEngine extends EventEmitter {
  clientsCount: number;
  use?(middleware: Middleware): void;
  close?(): void;
}

/** Events of an engine that concern its HTTP requests. */
const REQUEST_EVENTS = new Set<string | symbol>(["connection_error", "initial_headers", "headers"]);

/**
 * `io.engine`: an Engine.IO server whose clients are the gateways'. Engines that the app starts besides, for clients
 * that come to it directly, get the same middlewares and listeners, and are counted and closed along.
 */
export class VirtualEngine extends EventEmitter {
  private readonly own = new Map<string, Connection>();
  readonly middlewares: Middleware[] = [];
  readonly natives = new Set<NativeEngine>();
  /** How many clients of gateways have come so far. */
  arrivals = 0;

  constructor(readonly opts: Record<string, unknown>) {
    super();
    this.setMaxListeners(0);
  }

  get clientsCount(): number {
    let count = this.own.size;
    for (const native of this.natives) count += native.clientsCount;
    return count;
  }

  /** How many of the clients are a gateway's. */
  get virtualCount(): number {
    return this.own.size;
  }

  /** By id, as they are now. */
  get clients(): Record<string, Connection> {
    return Object.fromEntries(this.own);
  }

  /** Runs on each handshake, on a real request and response. */
  use(middleware: Middleware): void {
    this.middlewares.push(middleware);
    for (const native of this.natives) native.use?.(middleware);
    this.emit("settings");
  }

  /** May be replaced by the app: what it returns is `socket.conn.id`. */
  generateId(_request: unknown): string | Promise<string> {
    return randomBytes(15).toString("base64url");
  }

  override on(event: string | symbol, listener: (...args: any[]) => void): this {
    super.on(event, listener);
    if (REQUEST_EVENTS.has(event)) {
      for (const native of this.natives) native.on(event, listener);
      this.emit("settings");
    }
    return this;
  }

  /** Whether something of the app must see each handshake. */
  get asks(): boolean {
    return (
      this.middlewares.length > 0 ||
      typeof this.opts.allowRequest === "function" ||
      [...REQUEST_EVENTS].some((event) => event !== "connection_error" && this.listenerCount(event) > 0)
    );
  }

  /** Whether something of the app listens for requests that are turned away. */
  get listens(): boolean {
    return this.listenerCount("connection_error") > 0;
  }

  /** An engine that the app has started besides. */
  accompany(native: NativeEngine): void {
    this.natives.add(native);
    for (const middleware of this.middlewares) native.use?.(middleware);
    for (const event of REQUEST_EVENTS) {
      for (const listener of this.listeners(event)) native.on(event, listener as () => void);
    }
  }

  admit(connection: Connection): void {
    this.arrivals++;
    this.own.set(connection.id, connection);
    this.emit("connection", connection);
  }

  dismiss(connection: Connection): void {
    this.own.delete(connection.id);
  }

  /** Called by io.close(): by then the gateways keep our clients, so only engines beside us are closed. */
  close(): this {
    for (const native of this.natives) native.close?.();
    this.natives.clear();
    return this;
  }

  /** The gateways have our clients, and another attachment of the server may bring them back. What the app has set here is its own. */
  left(): void {
    this.own.clear();
    this.removeAllListeners("settings");
  }
}
