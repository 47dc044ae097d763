import { IncomingMessage } from "node:http";
import { openHead, type Head, type PackedHead } from "./head";

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

function parsed(url: string): Record<string, string> {
  if (url !== parsedLast.url) {
    const mark = url.indexOf("?");
    parsedLast = { url, query: mark < 0 ? {} : Object.fromEntries(new URLSearchParams(url.slice(mark + 1))) };
  }
  return parsedLast.query;
}

/** The query as Engine.IO gives it: an object, the last of equal names. Most clients come by the same URL. */
export function query(url: string): Record<string, string> {
  return { ...parsed(url) };
}

/** The transport that a client has begun with. */
export function transportOf(url: string): string | undefined {
  return parsed(url).transport;
}

/** What a request has once somebody has looked at it. */
interface Opened {
  method: string;
  url: string;
  rawHeaders: string[];
  socket: Peer;
  headers?: Record<string, string | string[]>;
  query?: Record<string, string>;
}

function opened(head: Head): Opened {
  return { method: head.method, url: head.url, rawHeaders: head.headers, socket: peer(head) };
}

const NO_WORDS: readonly string[] = [];

/**
 * `socket.request` of a connection: an http.IncomingMessage by its prototype, without the stream that it would carry
 * along for as long as the client is connected. It is unpacked when something of it is asked for.
 */
export class HandshakeRequest {
  private packed: string;
  private readonly words: readonly string[];
  private opened: Opened | undefined;

  constructor(head: Head | PackedHead) {
    const isPacked = "packed" in head;
    this.packed = isPacked ? head.packed : "";
    this.words = isPacked ? head.words : NO_WORDS;
    this.opened = isPacked ? undefined : opened(head);
  }

  private get open(): Opened {
    if (!this.opened) {
      this.opened = opened(openHead(this.packed, this.words));
      this.packed = "";
    }
    return this.opened;
  }

  get method(): string {
    return this.open.method;
  }

  set method(method: string) {
    this.open.method = method;
  }

  get url(): string {
    return this.open.url;
  }

  set url(url: string) {
    this.open.url = url;
  }

  get rawHeaders(): string[] {
    return this.open.rawHeaders;
  }

  set rawHeaders(headers: string[]) {
    this.open.rawHeaders = headers;
  }

  get socket(): Peer {
    return this.open.socket;
  }

  set socket(socket: Peer) {
    this.open.socket = socket;
  }

  get headers(): Record<string, string | string[]> {
    return (this.open.headers ??= joinHeaders(this.open.rawHeaders));
  }

  set headers(headers: Record<string, string | string[]>) {
    this.open.headers = headers;
  }

  get _query(): Record<string, string> {
    return (this.open.query ??= query(this.open.url));
  }

  set _query(parsed: Record<string, string>) {
    this.open.query = parsed;
  }
}

Object.setPrototypeOf(HandshakeRequest.prototype, IncomingMessage.prototype);
Object.assign(HandshakeRequest.prototype, { httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1, complete: true });

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
