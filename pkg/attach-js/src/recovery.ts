import type { Attachment } from "./attachment";
import { Connection } from "./connection";
import { unpack, type Kept } from "./kept";
import { broadcastByGateway, isLayer, joinsProcesses, natives, of } from "./layer";
import { PacketType, type BroadcastOptions, type InnerAdapter, type InnerClient, type InnerServer, type Packet, type RecoveredSession, type Session } from "./internals";

/** What the gateway has kept of a socket. */
export interface KeptSession extends Kept {
  sid: string;
  pid: string;
}

let connecting: InnerClient | undefined;

/** Makes a socket: what its adapter is asked for meanwhile is for this client. */
export function connectingFor<T>(client: InnerClient, make: () => T): T {
  connecting = client;
  try {
    return make();
  } finally {
    connecting = undefined;
  }
}

/** For how long, in ms, sessions of this server's clients are the gateway's to keep; 0 where it has none, or its adapter has its own. */
export function recoveryWindow(io: InnerServer): number {
  const options = io.opts.connectionStateRecovery as { maxDisconnectionDuration?: number } | undefined;
  if (!options || joinsProcesses(io.sockets.adapter) || !isReadable(io)) return 0;
  return options.maxDisconnectionDuration ?? 0;
}

/** Why clients of a server that asks for recovery find nothing again, for an operator; nothing where they do, or the server does not ask. */
export function whyNoRecovery(io: InnerServer): string | undefined {
  const { adapter } = io.sockets;
  if (!io.opts.connectionStateRecovery) return undefined;
  if (joinsProcesses(adapter)) {
    const { name } = adapter.constructor;
    return keepsSessions(adapter) ? undefined : `the adapter (${name}) joins the processes and keeps no sessions. Without it the gateway does both`;
  }
  return isReadable(io) ? undefined : "the gateway can't lay an offset into packets of this parser";
}

/** Whether an adapter that joins processes keeps sessions by itself, as that of Redis streams does. */
function keepsSessions(adapter: InnerAdapter): boolean {
  for (let link: object = adapter; link && !isLayer(link); link = Object.getPrototypeOf(link)) {
    if (Object.hasOwn(link, "restoreSession")) return true;
  }
  return false;
}

/** The gateway lays offsets into events, as these parsers write them: socket.io's own, and socket.io-msgpack-parser. */
const READABLE = ['2["x"]', "83a47479706502a36e7370a12fa46461746191a178"];

function isReadable(io: InnerServer): boolean {
  const [head] = io.encoder.encode({ type: PacketType.Event, nsp: "/", data: ["x"] });
  return READABLE.includes(typeof head === "string" ? head : Buffer.from(head ?? []).toString("hex"));
}

/** Whether clients that come back are to have the packet too, as socket.io has it: events that ask for no answer and must not be lost. */
export function isKept(attachment: Attachment, packet: Packet, options: BroadcastOptions): boolean {
  return attachment.recovers && packet.type === PacketType.Event && packet.id === undefined && options.flags?.volatile === undefined;
}

/**
 * Has the gateway keep the sessions of its clients, and the packets that they miss, in the place of this adapter. One that joins
 * several processes keeps its own; so does the server's own adapter for clients that came to this process directly.
 */
export function recoverByGateway(adapter: InnerAdapter): void {
  if (!adapter.nsp.server.opts.connectionStateRecovery || joinsProcesses(adapter)) return;
  const { persistSession, restoreSession, broadcast } = adapter;
  Object.assign(adapter, {
    persistSession(this: InnerAdapter, session: Session) {
      if (!of(this)?.persist(this, session)) persistSession.call(this, session);
    },

    restoreSession(this: InnerAdapter, pid: string, offset: string) {
      const connection = connecting?.conn;
      if (!(connection instanceof Connection)) return restoreSession.call(this, pid, offset);
      const attachment = of(this);
      return attachment?.recovers ? connection.gateway.recover(this.nsp.name, pid, offset).then((session) => restored(session, attachment)) : null;
    },

    broadcast(this: InnerAdapter, packet: Packet, options: BroadcastOptions) {
      const attachment = of(this);
      if (!attachment) return broadcast.call(this, packet, options);
      // The adapter adds its offset to what it is given.
      if (attachment.servesNatives) broadcast.call(natives(this), { ...packet, data: [...(packet.data as unknown[])] }, options);
      broadcastByGateway(this, attachment, packet, options);
    },
  });
}

function restored(session: KeptSession | undefined, { names }: Attachment): RecoveredSession | null {
  if (!session) return null;
  // The gateway tells the client itself what it missed, behind the reply to its CONNECT.
  return { ...session, ...unpack(session, names), missedPackets: [] };
}

/** Why connections end in Engine.IO. For socket.io nobody comes back after any other reason. */
const KNOWN_REASONS = new Set(["transport error", "transport close", "forced close", "ping timeout", "server shutting down", "forced server close", "parse error"]);

export function knownReason(reason: string): string {
  return KNOWN_REASONS.has(reason) ? reason : "transport close";
}
