import { IncomingMessage, ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from "node:http";
import { Socket } from "node:net";
import type { Head } from "./head";
import { peer, query } from "./request";

/** A client's handshake as a real request. It has no body. */
export function requestOf(head: Head): IncomingMessage {
  const socket = Object.defineProperties(
    new Socket(),
    Object.fromEntries(Object.entries(peer(head)).map(([name, value]) => [name, { value }])),
  );
  const request = new IncomingMessage(socket);
  request.method = head.method;
  request.url = head.url;
  request.httpVersion = "1.1";
  request.httpVersionMajor = request.httpVersionMinor = 1;
  request.rawHeaders = [...head.headers];
  for (let i = 0; i + 1 < head.headers.length; i += 2) addHeader(request, head.headers[i]!, head.headers[i + 1]!);
  request.push(null);
  request.complete = true;
  return Object.assign(request, { _query: query(head.url) });
}

/** As Node's own parser does it, with its rules of what is joined. */
function addHeader(request: IncomingMessage, name: string, value: string): void {
  (request as unknown as { _addHeaderLine(name: string, value: string, into: object): void })._addHeaderLine(name, value, request.headers);
}

/** A response that goes nowhere: what is written to it is kept, to be sent by the gateway. */
export class CapturedResponse extends ServerResponse {
  private readonly written: Buffer[] = [];

  override write(chunk: any, encoding?: any, callback?: any): boolean {
    if (this.written.length === 0) this.writeHead(this.statusCode);
    this.written.push(typeof chunk === "string" ? Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8") : Buffer.from(chunk));
    const done = typeof encoding === "function" ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  }

  override writeHead(status: number, message?: any, headers?: any): this {
    this.statusCode = status;
    const given: OutgoingHttpHeaders | OutgoingHttpHeader[] = (typeof message === "object" ? message : headers) ?? {};
    const pairs: Array<[string, OutgoingHttpHeader | undefined]> = Array.isArray(given)
      ? Array.from({ length: given.length / 2 }, (_, i) => [String(given[2 * i]), given[2 * i + 1]])
      : Object.entries(given);
    for (const [name, value] of pairs) if (value !== undefined) this.setHeader(name, value);
    return this;
  }

  override end(chunk?: any, encoding?: any, callback?: any): this {
    if (this.writableEnded) return this;
    if (chunk !== undefined && chunk !== null && typeof chunk !== "function") this.write(chunk, encoding);
    else if (this.written.length === 0) this.writeHead(this.statusCode); // where packages that add headers at the last moment add them
    this.finished = true;
    const done = [chunk, encoding, callback].find((argument) => typeof argument === "function");
    process.nextTick(() => {
      done?.();
      this.emit("finish");
      this.emit("close");
    });
    return this;
  }

  get body(): Buffer {
    return Buffer.concat(this.written);
  }

  /** Its headers one by one, a list's values each on its own. */
  get pairs(): Array<[string, string]> {
    return Object.entries(this.getHeaders()).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).filter((each) => each !== undefined).map((each): [string, string] => [name, String(each)]),
    );
  }
}
