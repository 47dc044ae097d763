import type { Attachment } from "./attachment";
import { Connection } from "./connection";
import type { BroadcastOptions, InnerAdapter, InnerSocket, Packet } from "./internals";
import { Flag } from "./ops";
import { listensToOutgoing } from "./outgoing";

const attachments = new WeakMap<object, Attachment>();
const layers = new WeakMap<object, object>();
const LAYER = Symbol("socketgate layer");
const FOR_NATIVES = Symbol("socketgate natives");

/** Lets adapters of this server's namespaces find their attachment. */
export function register(server: object, attachment: Attachment): void {
  attachments.set(server, attachment);
}

/**
 * Puts our layer between the adapter of a namespace and the in-memory adapter that all adapters extend, so that what an
 * adapter of the app's own does to the clients of this process reaches the gateway, and what it says to other
 * processes stays its affair. Adapter.prototype is not touched: io.close() puts its methods back, and servers
 * that are not attached share it.
 */
export function layer(adapter: InnerAdapter): void {
  let above: object = adapter;
  let base: object | undefined;
  let last: object = adapter;
  for (let link = Object.getPrototypeOf(adapter); link; last = link, link = Object.getPrototypeOf(link)) {
    if (Object.hasOwn(link, LAYER)) return;
    if (Object.hasOwn(link, "broadcast") && Object.hasOwn(link, "addAll")) [above, base] = [last, link];
  }
  if (!base) throw new Error("attach: the adapter of this server extends no adapter of socket.io that is known");
  let layered = layers.get(base);
  if (!layered) layers.set(base, (layered = over(base as InnerAdapter)));
  Object.setPrototypeOf(above, layered);
}

/** What only an adapter overrides that asks other processes. The older ones, such as socket.io-redis, know no serverCount. */
const REACHING = ["serverCount", "sockets"];

/** Whether an adapter's prototype is our layer: what is before it is the app's own. */
export function isLayer(link: object): boolean {
  return Object.hasOwn(link, LAYER);
}

/** Whether the app has an adapter of its own that joins several processes. */
export function joinsProcesses(adapter: InnerAdapter): boolean {
  for (let link: object = adapter; link && !isLayer(link); link = Object.getPrototypeOf(link)) {
    if (REACHING.some((method) => Object.hasOwn(link, method))) return true;
  }
  return false;
}

/** The attachment of an adapter's server, if it has one. */
export function of(adapter: InnerAdapter): Attachment | undefined {
  return attachments.get(adapter.nsp.server);
}

/** A socket's connection, if it is a gateway's. */
export function connectionOf(socket: InnerSocket | undefined): Connection | undefined {
  const connection = socket?.client.conn;
  return connection instanceof Connection ? connection : undefined;
}

/** The layer over this in-memory adapter. Its methods do nothing of their own for servers that are not attached. */
function over(base: InnerAdapter): object {
  return Object.assign(Object.create(base), {
    [LAYER]: base,

    addAll(this: InnerAdapter, id: string, rooms: Set<string>) {
      of(this)?.joining(this, id, rooms);
      return base.addAll.call(this, id, rooms);
    },

    del(this: InnerAdapter, id: string, room: string) {
      of(this)?.leaving(this, id, room);
      return base.del.call(this, id, room);
    },

    delAll(this: InnerAdapter, id: string) {
      base.delAll.call(this, id);
      of(this)?.leftAll(this, id);
    },

    broadcast(this: InnerAdapter, packet: Packet, options: BroadcastOptions) {
      const attachment = of(this);
      if (!attachment || isForNatives(this)) return base.broadcast.call(this, packet, options);
      if (attachment.hasNatives) base.broadcast.call(natives(this), packet, options);
      broadcastByGateway(this, attachment, packet, options);
    },

    broadcastWithAck(this: InnerAdapter, packet: Packet, options: BroadcastOptions, clients: (count: number) => void, ack: () => void) {
      const attachment = of(this);
      if (!attachment) return base.broadcastWithAck.call(this, packet, options, clients, ack);
      packet.nsp = this.nsp.name;
      if (!joinsProcesses(this) && !options.flags?.local) attachment.castElsewhere(this, packet, options, clients, ack);
      packet.id = this.nsp._ids++;
      let count = 0;
      base.apply.call(this, options, (socket) => {
        count++;
        socket.acks.set(packet.id!, ack);
        if (!connectionOf(socket)) socket.client._packet(packet, { volatile: options.flags?.volatile });
      });
      notify(this, base, packet, options);
      if (count > 0) attachment.cast(this, packet, options, false);
      clients(count);
    },

    serverCount(this: InnerAdapter) {
      const attachment = of(this);
      return attachment ? Promise.resolve(1 + attachment.bus.peerCount) : base.serverCount.call(this);
    },

    async sockets(this: InnerAdapter, rooms: Set<string>) {
      const attachment = of(this);
      if (!attachment || joinsProcesses(this)) return base.sockets.call(this, rooms);
      const all = await attachment.fetch(this, base, { rooms, except: new Set() });
      return new Set(all.map(({ id }) => id));
    },

    fetchSockets(this: InnerAdapter, options: BroadcastOptions) {
      const attachment = of(this);
      if (!attachment || joinsProcesses(this) || options.flags?.local) return base.fetchSockets.call(this, options);
      return attachment.fetch(this, base, options);
    },

    addSockets(this: InnerAdapter, options: BroadcastOptions, rooms: string[]) {
      elsewhere(this, options)?.tell({ kind: "join", nsp: this.nsp.name, where: where(options), rooms });
      base.addSockets.call(this, options, rooms);
    },

    delSockets(this: InnerAdapter, options: BroadcastOptions, rooms: string[]) {
      elsewhere(this, options)?.tell({ kind: "leave", nsp: this.nsp.name, where: where(options), rooms });
      base.delSockets.call(this, options, rooms);
    },

    disconnectSockets(this: InnerAdapter, options: BroadcastOptions, close: boolean) {
      elsewhere(this, options)?.tell({ kind: "disconnect", nsp: this.nsp.name, where: where(options), close });
      base.disconnectSockets.call(this, options, close);
    },

    serverSideEmit(this: InnerAdapter, packet: unknown[]) {
      const attachment = of(this);
      if (!attachment) return base.serverSideEmit.call(this, packet);
      attachment.emitElsewhere(this.nsp.name, packet);
    },
  });
}

/** Has the gateways tell their clients. */
export function broadcastByGateway(adapter: InnerAdapter, attachment: Attachment, packet: Packet, options: BroadcastOptions): void {
  packet.nsp = adapter.nsp.name;
  notify(adapter, (adapter as unknown as { [LAYER]: InnerAdapter })[LAYER], packet, options);
  const shared = !joinsProcesses(adapter) && !options.flags?.local;
  attachment.cast(adapter, packet, options, shared);
}

/** The bus, where an order to sockets must reach those of other processes too and nobody else carries it there. */
function elsewhere(adapter: InnerAdapter, options: BroadcastOptions) {
  return joinsProcesses(adapter) || options.flags?.local ? undefined : of(adapter)?.bus;
}

export function where({ rooms, except }: BroadcastOptions): { rooms: string[]; except: string[] } {
  return { rooms: [...rooms], except: [...(except ?? [])] };
}

function isForNatives(adapter: InnerAdapter): boolean {
  return FOR_NATIVES in adapter;
}

/** The same adapter with the clients that came to this process directly, which are written to as ever. */
export function natives(adapter: InnerAdapter): InnerAdapter {
  return Object.create(adapter, {
    [FOR_NATIVES]: { value: true },
    apply: {
      value: (options: BroadcastOptions, callback: (socket: InnerSocket) => void) =>
        adapter.apply(options, (socket) => {
          if (!connectionOf(socket)) callback(socket);
        }),
    },
  });
}

/** socket.onAnyOutgoing and socket.conn's "packetCreate", for the gateway's clients. Members are looked at only where somebody listens at all. */
function notify(adapter: InnerAdapter, base: InnerAdapter, packet: Packet, options: BroadcastOptions): void {
  if (!listensToOutgoing(adapter.nsp) && !Connection.observed) return;
  const pieces = Connection.observed ? adapter.encoder.encode({ ...packet }) : [];
  base.apply.call(adapter, options, (socket) => {
    const connection = connectionOf(socket);
    if (!connection) return;
    socket.notifyOutgoingListeners?.(packet);
    for (const piece of pieces) connection.created(piece, options.flags);
  });
}

/** The only member of the only room, if that is a socket's own: then a broadcast is a packet to one client. */
export function soleTarget(adapter: InnerAdapter, { rooms, except }: BroadcastOptions): InnerSocket | undefined {
  if (rooms.size !== 1 || except?.size) return undefined;
  const [id] = rooms as Set<string>;
  const socket = adapter.nsp.sockets.get(id!);
  return socket && adapter.rooms.get(id!)?.size === 1 ? socket : undefined;
}

export function flagsOf({ flags }: BroadcastOptions, shared: boolean): number {
  return (flags?.volatile ? Flag.Volatile : 0) | (flags?.compress === false ? Flag.NoCompress : 0) | (shared ? 0 : Flag.OwnLink);
}
