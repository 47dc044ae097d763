import { newlyDefining } from "./classes";
import { Connection } from "./connection";
import { Few } from "./few";
import { Handshake } from "./handshake";
import { LentDecoder } from "./decoder";
import type { InnerClient, InnerSocket } from "./internals";
import { keepFew } from "./listeners";
import { HandshakeRequest } from "./request";

// What socket.io makes for each client, in a form that takes less: two thirds of a client's memory here are objects that are there
// in case of something that most clients never do. Where socket.io is not as it is known, its own stay.

const HEARS = ["data", "error", "close"] as const;

type Handler = (this: Connection | InnerClient, ...args: unknown[]) => void;

/** A client's methods that are called with it, or with its connection. */
type Handlers = Record<"ondata" | "onerror" | "onclose", Handler>;

const shared = new WeakMap<object, Handlers>();

function sharedHandlers(prototype: Handlers): Handlers {
  const known = shared.get(prototype);
  if (known) return known;
  const over = (method: Handler): Handler =>
    function (...args) {
      method.apply(this instanceof Connection ? this.client! : this, args);
    };
  const made = { ondata: over(prototype.ondata), onerror: over(prototype.onerror), onclose: over(prototype.onclose) };
  shared.set(prototype, made);
  return made;
}

/** Before a client's first socket is made. */
export function leanClient(client: InnerClient): void {
  const { conn } = client;
  if (!(conn instanceof Connection) || conn.client) return;
  conn.client = client;
  if (client.sockets.size + client.nsps.size === 0) {
    client.sockets = new Few() as unknown as InnerClient["sockets"];
    client.nsps = new Few() as unknown as InnerClient["nsps"];
  }
  const prototype = Object.getPrototypeOf(client) as Handlers & Pick<InnerClient, "ondecoded">;
  const handlers = sharedHandlers(prototype);
  for (const event of HEARS) {
    if (conn._events[event] !== client[`on${event}`]) continue; // somebody else listens too
    conn._events[event] = client[`on${event}`] = handlers[`on${event}`];
  }
  if (client.server.opts.parser) return; // of the app's own
  client.ondecoded = prototype.ondecoded;
  client.decoder = new LentDecoder(client);
}

const prepared = new WeakSet<object>();

/** Sockets of this one's class, from now on. */
export function leanSockets(socket: InnerSocket): void {
  const made = newlyDefining("buildHandshake", socket, prepared);
  if (!made) return;
  const prototype = made as Pick<InnerSocket, "buildHandshake">;
  const build = prototype.buildHandshake;
  // The last that its constructor does, but for a listener.
  prototype.buildHandshake = function (this: InnerSocket, auth: Record<string, unknown>) {
    const { conn } = this.client;
    if (!(conn instanceof Connection)) return build.call(this, auth);
    if (this.acks.size === 0) this.acks = new Few() as unknown as InnerSocket["acks"];
    keepFew(this);
    return conn.request instanceof HandshakeRequest ? new Handshake(conn.request, auth) : build.call(this, auth);
  };
}
