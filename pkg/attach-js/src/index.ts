import type { Server } from "socket.io";
import { parseAddresses } from "./address";
import { Attachment } from "./attachment";
import type { InnerServer } from "./internals";
import { leaveOnSignals } from "./signals";

export interface AttachOptions {
  /**
   * Where the gateways' ATTACH_ADDR is: `tcp://host:port` (a name may have several addresses; it is looked up again every
   * 5 s) or `unix:/path`; several, in a list or with commas. Default: the variable SOCKETGATE_URL.
   */
  url?: string | readonly string[] | undefined;
  /** The gateways' ATTACH_KEY. Default: the variable SOCKETGATE_KEY. */
  key?: string | undefined;
  /**
   * Detach on SIGTERM and SIGINT, so that what is under way is finished and the clients are kept for the next process.
   * Default true. The process is not kept from ending by listeners of its own: without any, it ends by the same signal.
   */
  signals?: boolean | undefined;
  /**
   * Whether clients keep their sockets over a restart of this process. Default true. With false they are disconnected, come back by themselves
   * to the next process and begin anew, as without a gateway: for handlers that keep who is who in a variable, by an event that clients send
   * when they connect.
   */
  keep?: boolean | undefined;
  /** ms that handlers have on detaching, at least. Default 200. Where clients wait for answers that they asked for lately, they have 4 s more. */
  linger?: number | undefined;
  /** Gets what an operator should know, a line at a time. Default: console.warn. */
  log?: ((line: string) => void) | undefined;
}

export interface Attached {
  /**
   * Resolves when the clients that a gateway held for this process are here, with their sockets. Rejects when a gateway does
   * not take the key. Clients are presented once a namespace has a "connection" listener, or present() was called.
   */
  readonly ready: Promise<void>;
  /** How many clients of gateways this process has. */
  readonly clients: number;
  /** The ids of the gateways that are linked now. */
  readonly gateways: string[];
  /** Has clients presented although no namespace has a "connection" listener. */
  present(): void;
  /** Detaches and keeps the clients for the next process. io.close() does it as well. */
  close(): Promise<void>;
}

const GLOBAL = Symbol.for("socketgate.attach");

interface Shared {
  io: Server;
  attached: Attached;
  /** Whose clients they are: of which gateways, at which path. Older copies of this package do not say. */
  place?: string;
}

/** One per server, shared by all copies of this package in the process: bundlers make several. */
function shared(): Map<Server, Shared> {
  const place = globalThis as { [GLOBAL]?: Map<Server, Shared> };
  return (place[GLOBAL] ??= new Map());
}

/**
 * Puts the server behind the gateways: their clients are its clients, as if they had connected to it. Its handlers,
 * middlewares, namespaces and adapters stay as they are. A second call for the same server returns the first's result, until it was closed.
 */
export function attach(io: Server<any, any, any, any>, options: AttachOptions = {}): Attached {
  const known = shared().get(io);
  if (known) return known.attached;
  const { url = process.env.SOCKETGATE_URL ?? "", key = process.env.SOCKETGATE_KEY ?? "", linger = 200, keep = true } = options;
  if (!key) throw new Error("attach: no key: set SOCKETGATE_KEY, or pass key, as in the gateway's ATTACH_KEY");
  const log = options.log ?? ((line: string) => console.warn(`[socketgate] ${line}`));
  const attachment = new Attachment(io as unknown as InnerServer, { url, key, linger, keep, log, ...versions() });
  const place = JSON.stringify([parseAddresses(url), io.path()]);
  replaceAt(place, log);
  const attached: Attached = {
    ready: attachment.ready,
    get clients() {
      return attachment.engine.virtualCount;
    },
    get gateways() {
      return [...attachment.gateways.values()].filter((gateway) => gateway.linked).map((gateway) => gateway.id);
    },
    present: () => attachment.sayReady(),
    close: () => attachment.leave(),
  };
  shared().set(io, { io, attached, place });
  attachment.over = () => shared().delete(io);
  if (options.signals ?? true) leaveOnSignals(attachment);
  return attached;
}

/**
 * A module that is loaded anew, as in development, makes and attaches a server again. The gateways would take the two for two processes and
 * give clients to either: so the one with the old code leaves, and what it had is the new one's.
 */
function replaceAt(place: string, log: (line: string) => void): void {
  for (const before of shared().values()) {
    if (before.place !== place) continue;
    log("this process has attached another server before, which now leaves: its clients are this one's");
    void before.attached.close();
  }
}

/**
 * The server that was attached last in this process, for code that shares no module variables with the one that attached it:
 * API routes and Server Actions of Next.js. Throws when none was.
 */
export function attachedServer<T extends Server<any, any, any, any> = Server>(): T {
  const last = [...shared().values()].at(-1);
  if (!last) throw new Error("attach: no server is attached in this process yet: attach it in instrumentation.ts");
  return last.io as unknown as T;
}

function versions(): { version: string; socketio: string } {
  return { version: versionOf("../package.json"), socketio: versionOf("socket.io/package.json") };
}

function versionOf(manifest: string): string {
  try {
    return (require(manifest) as { version: string }).version;
  } catch {
    return "unknown"; // a bundler has left it out
  }
}
