import { createHmac, timingSafeEqual } from "node:crypto";

export const PROTOCOL = 1;

/** What the gateway says first. */
export interface GatewayHello {
  socketgate: number;
  gateway: string;
  nonce: string;
}

/** What an app wants to hear of, as it is now. */
export interface Settings {
  asks: boolean;
  /** Of requests that the gateway turns away. */
  listens: boolean;
}

/** What the app answers. */
export interface AppHello extends Settings {
  version: number;
  app: string;
  nonce: string;
  proof: string;
  options: ServerOptions;
  package: string;
  socketio: string;
}

/** The options of the app's server that the gateway must know: it serves the clients. Times in ms, sizes in bytes. */
export interface ServerOptions {
  path: string;
  pingInterval?: number;
  pingTimeout?: number;
  maxHttpBufferSize?: number;
  allowEIO3?: boolean;
  cors?: unknown;
  transports?: string[];
  allowUpgrades?: boolean;
  upgradeTimeout?: number;
  connectTimeout?: number;
  /** Names of options that are set and do nothing behind a gateway. */
  unused?: string[];
  recovery?: number;
  /** Clients begin anew with the next process. */
  anew?: boolean;
}

export interface Welcome {
  proof: string;
  /** "app": the app has everything. "gateway": the gateway's own handlers come first. */
  mode: "app" | "gateway";
  /** How long, in ms, the gateway keeps clients that no app has. */
  hold: number;
  pingInterval: number;
  pingTimeout: number;
  maxPayload: number;
  events?: string[];
}

export interface Refusal {
  code: string;
  message: string;
}

/** Proves that the app has the key, to this gateway and in this hello only. */
export function appProof(key: string, gatewayNonce: string, appNonce: string): string {
  return proof(key, `app:${gatewayNonce}:${appNonce}`);
}

/** Whether the gateway has the key as well. */
export function provesGateway(given: string, key: string, gatewayNonce: string, appNonce: string): boolean {
  const expected = Buffer.from(proof(key, `gateway:${appNonce}:${gatewayNonce}`));
  const actual = Buffer.from(String(given));
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function proof(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}
