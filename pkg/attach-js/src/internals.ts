// What this package relies on in socket.io 4.6 to 4.8 beyond its public types. Where it is typed as `unknown` it is only passed on.
import type { EventEmitter } from "node:events";
import type { Connection } from "./connection";

/** socket.io-parser's types of packets that we must tell apart. */
export const PacketType = { Connect: 0, Disconnect: 1, Event: 2, ConnectError: 4 } as const;

export interface Packet {
  type: number;
  nsp: string;
  id?: number;
  data?: unknown;
}

export interface BroadcastFlags {
  volatile?: boolean;
  compress?: boolean;
  local?: boolean;
  timeout?: number;
}

export interface BroadcastOptions {
  rooms: Set<string>;
  except?: Set<string>;
  flags?: BroadcastFlags;
}

export interface Encoder {
  encode(packet: Packet): Array<string | Buffer>;
}

export interface InnerSocket extends EventEmitter {
  id: string;
  pid?: string;
  data: unknown;
  recovered: boolean;
  connected: boolean;
  handshake: { time: string; issued: number; auth: Record<string, unknown>; sessionStore?: unknown };
  nsp: InnerNamespace;
  client: InnerClient;
  rooms: Set<string>;
  acks: Map<number, (...args: unknown[]) => void>;
  buildHandshake(auth: Record<string, unknown>): object;
  join(rooms: string | string[]): unknown;
  notifyOutgoingListeners?(packet: Packet): void;
}

export interface Decoder {
  add(data: string | Uint8Array): void;
  on(event: "decoded", listener: (packet: Packet) => void): unknown;
  destroy?(): void;
}

type Handler = (...args: unknown[]) => void;

export interface InnerClient {
  conn: Connection | object;
  server: InnerServer;
  sockets: Map<string, InnerSocket>;
  nsps: Map<string, InnerSocket>;
  decoder: Decoder;
  ondata: Handler;
  onerror: Handler;
  onclose: Handler;
  ondecoded(packet: Packet): void;
  _packet(packet: Packet, options?: unknown): void;
}

/** What a socket leaves behind whose client may come back for it. */
export interface Session {
  sid: string;
  pid: string;
  rooms: string[];
  data: unknown;
}

export interface RecoveredSession extends Session {
  missedPackets: unknown[][];
}

export interface InnerAdapter extends EventEmitter {
  nsp: InnerNamespace;
  rooms: Map<string, Set<string>>;
  sids: Map<string, Set<string>>;
  encoder: Encoder;
  addAll(id: string, rooms: Set<string>): Promise<void> | void;
  del(id: string, room: string): Promise<void> | void;
  delAll(id: string): void;
  broadcast(packet: Packet, options: BroadcastOptions): void;
  broadcastWithAck(packet: Packet, options: BroadcastOptions, clients: (count: number) => void, ack: (...args: unknown[]) => void): void;
  sockets(rooms: Set<string>): Promise<Set<string>>;
  fetchSockets(options: BroadcastOptions): Promise<RemoteSocket[]>;
  addSockets(options: BroadcastOptions, rooms: string[]): void;
  delSockets(options: BroadcastOptions, rooms: string[]): void;
  disconnectSockets(options: BroadcastOptions, close: boolean): void;
  serverSideEmit(packet: unknown[]): Promise<void> | void;
  serverCount(): Promise<number>;
  apply(options: BroadcastOptions, callback: (socket: InnerSocket) => void): void;
  persistSession(session: Session): void;
  restoreSession(pid: string, offset: string): Promise<RecoveredSession | null> | null;
}

export interface RemoteSocket {
  id: string;
  handshake: unknown;
  rooms: Iterable<string>;
  data: unknown;
}

export interface InnerNamespace extends EventEmitter {
  name: string;
  server: InnerServer;
  adapter: InnerAdapter;
  sockets: Map<string, InnerSocket>;
  _ids: number;
  _initAdapter(): void;
  _createSocket(client: InnerClient, auth: Record<string, unknown>): Promise<InnerSocket>;
  _onServerSideEmit(args: unknown[]): void;
  emitReserved(event: string, ...args: unknown[]): void;
}

export interface InnerServer {
  opts: Record<string, unknown>;
  encoder: Encoder;
  _parser: { Decoder: new () => Decoder };
  engine: EventEmitter;
  sockets: InnerNamespace;
  _nsps: Map<string, InnerNamespace>;
  parentNsps: Map<unknown, EventEmitter>;
  _corsMiddleware?: Middleware;
  path(): string;
  of(name: unknown, listener?: unknown): InnerNamespace;
  bind(engine: EventEmitter): InnerServer;
  close(callback?: (error?: Error) => void): Promise<void> | void;
  _checkNamespace(name: string, auth: Record<string, unknown>, done: (found: unknown) => void): void;
}

export type Middleware = (request: unknown, response: unknown, next: (error?: unknown) => void) => void;
