import { IncomingMessage } from "node:http";
import type { Body } from "./body";

/** A client's handshake as the gateway passes it on. */
export interface Head {
  method: string;
  url: string;
  /** Names and values by turns. */
  headers: string[];
  remoteAddress: string;
  remotePort: number;
  encrypted: boolean;
}

/** A handshake as JSON has it. */
export type HeadInJson = Omit<Head, "headers"> & { headers: Array<[name: string, value: string]> };

export function headOf(json: HeadInJson): Head {
  return { ...json, headers: json.headers.flat() };
}

/** Reads a handshake in which what many clients have in common is a word's number. */
export function readHead(body: Body, words: readonly string[]): Head {
  const method = body.word(words);
  const url = body.word(words);
  const remoteAddress = body.string();
  const remotePort = body.uvarint();
  const encrypted = body.u8() === 1;
  const headers: string[] = [];
  for (let left = body.uvarint(); left > 0; left--) headers.push(body.word(words), body.word(words));
  return { method, url, headers, remoteAddress, remotePort, encrypted };
}

/** What of a request's socket handlers look at. */
export interface Peer {
  remoteAddress: string;
  remotePort: number;
  remoteFamily: string;
  encrypted: boolean;
}

export function peer(head: Omit<Head, "headers">): Peer {
  const { remoteAddress, remotePort, encrypted } = head;
  return { remoteAddress, remotePort, remoteFamily: remoteAddress.includes(":") ? "IPv6" : "IPv4", encrypted };
}

let parsedLast: { url: string; query: Record<string, string> } = { url: "", query: {} };

/** The query as Engine.IO gives it: an object, the last of equal names. Most clients come by the same URL. */
export function query(url: string): Record<string, string> {
  if (url !== parsedLast.url) {
    const mark = url.indexOf("?");
    parsedLast = { url, query: mark < 0 ? {} : Object.fromEntries(new URLSearchParams(url.slice(mark + 1))) };
  }
  return { ...parsedLast.query };
}

/**
 * `socket.request` of a connection: an http.IncomingMessage by its prototype, without the stream that it would carry
 * along for as long as the client is connected. Headers are parsed when they are asked for.
 */
export class HandshakeRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion = "1.1";
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly complete = true;
  readonly rawHeaders: string[];
  readonly socket: Peer;
  private parsedHeaders?: Record<string, string | string[]>;
  private parsedQuery?: Record<string, string>;

  constructor(head: Head) {
    this.method = head.method;
    this.url = head.url;
    this.rawHeaders = head.headers;
    this.socket = peer(head);
  }

  get connection(): Peer {
    return this.socket;
  }

  get headers(): Record<string, string | string[]> {
    return (this.parsedHeaders ??= joinHeaders(this.rawHeaders));
  }

  set headers(headers: Record<string, string | string[]>) {
    this.parsedHeaders = headers;
  }

  get _query(): Record<string, string> {
    return (this.parsedQuery ??= query(this.url));
  }

  set _query(parsed: Record<string, string>) {
    this.parsedQuery = parsed;
  }
}

Object.setPrototypeOf(HandshakeRequest.prototype, IncomingMessage.prototype);

const ONCE = new Set(["authorization", "content-length", "content-type", "from", "host", "referer", "user-agent", "origin"]);

/** Headers by their names in lower case, repeated ones joined, as Node does. */
function joinHeaders(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    const before = headers[name];
    if (before === undefined) headers[name] = name === "set-cookie" ? [value] : value;
    else if (Array.isArray(before)) before.push(value);
    else if (!ONCE.has(name)) headers[name] = before + (name === "cookie" ? "; " : ", ") + value;
  }
  return headers;
}
