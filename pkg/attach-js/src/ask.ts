import type { IncomingMessage } from "node:http";
import type { Attachment } from "./attachment";
import { CapturedResponse, requestOf } from "./exchange";
import type { Middleware } from "./internals";
import { headOf, type HeadInJson } from "./head";

/** A handshake that the gateway does not answer before the app has seen it. */
export interface Ask {
  ask: number;
  transport: string;
  head: HeadInJson;
}

export interface Reply {
  ok: boolean;
  status?: number;
  headers?: Array<[string, string]>;
  body?: string;
}

const BAD_REQUEST = { code: 3, message: "Bad request" };
const FORBIDDEN = { code: 4, message: "Forbidden" };

/**
 * Runs what the app has for handshakes, in Engine.IO's order: engine.use, allowRequest, the events of headers. The
 * request stays `socket.request`; middlewares may have put a session on it.
 */
export async function answer(attachment: Attachment, { head, transport }: Ask): Promise<{ reply: Reply; request: IncomingMessage }> {
  const request = requestOf(headOf(head));
  const response = responseTo(request);
  const refusal = await judge(attachment, request, response, transport);
  if (refusal) return { reply: refusal, request };
  const headers: Record<string, string | string[]> = {};
  attachment.engine.emit("initial_headers", headers, request);
  attachment.engine.emit("headers", headers, request);
  response.writeHead(200, headers);
  const reply = { ok: true, headers: response.pairs };
  if (transport === "polling") await ended(response); // that of a WebSocket has no end
  return { reply, request };
}

/** Ends the response. Middlewares act on it: the one of express-session saves a new session before. */
function ended(response: CapturedResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("finish", resolve);
    response.end();
  });
}

/** Runs engine.use and allowRequest on the handshake of a client that another process of the app has had: true if it may stay. Nothing is sent. */
export async function admitAgain(attachment: Attachment, request: IncomingMessage, transport: string): Promise<boolean> {
  return !(await judge(attachment, request, responseTo(request), transport));
}

function responseTo(request: IncomingMessage): CapturedResponse {
  const response = new CapturedResponse(request);
  Object.assign(request, { res: response });
  return response;
}

/** The answer of a middleware that goes no further, or a refusal. */
async function judge(attachment: Attachment, request: IncomingMessage, response: CapturedResponse, transport: string): Promise<Reply | undefined> {
  const refuse = (error: { code: number; message: string }, context: object): Reply => {
    const message = (context as { message?: string }).message ?? error.message;
    attachment.engine.emit("connection_error", { req: request, code: error.code, message: error.message, context });
    const webSocket = transport === "websocket";
    response.writeHead(error.code === FORBIDDEN.code && !webSocket ? 403 : 400, { "Content-Type": webSocket ? "text/html" : "application/json" });
    response.end(webSocket ? message : JSON.stringify({ code: error.code, message }));
    return whole(response);
  };

  try {
    for (const middleware of attachment.middlewares) {
      if (await answeredBy(middleware, request, response)) return whole(response);
    }
  } catch {
    return refuse(BAD_REQUEST, { name: "MIDDLEWARE_FAILURE" });
  }
  const refused = await disallowed(attachment.io.opts.allowRequest as AllowRequest | undefined, request);
  return refused && refuse(FORBIDDEN, refused);
}

function whole(response: CapturedResponse): Reply {
  return { ok: false, status: response.statusCode, headers: response.pairs, body: response.body.toString("base64") };
}

/** Whether the middleware has answered by itself instead of going on. */
function answeredBy(middleware: Middleware, request: IncomingMessage, response: CapturedResponse): Promise<boolean> {
  return new Promise((resolve, reject) => {
    response.once("finish", () => resolve(true));
    middleware(request, response, (error) => (error ? reject(error) : resolve(false)));
  });
}

type AllowRequest = (request: IncomingMessage, done: (message: string | null | undefined, allowed: boolean) => void) => void;

function disallowed(allow: AllowRequest | undefined, request: IncomingMessage): Promise<{ message?: string } | undefined> {
  if (!allow) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    allow(request, (message, allowed) => resolve(allowed ? undefined : { message: message ?? undefined }));
  });
}

const KEPT_FOR = 60_000;

/** Requests of handshakes that were allowed, until their clients are opened. */
export class AskedRequests {
  private readonly kept = new Map<object, Map<number, IncomingMessage>>();

  keep(ask: number, gateway: object, request: IncomingMessage): void {
    const of = this.kept.get(gateway) ?? new Map<number, IncomingMessage>();
    this.kept.set(gateway, of.set(ask, request));
    setTimeout(() => of.delete(ask), KEPT_FOR).unref();
  }

  get(ask: number, gateway: object): IncomingMessage | undefined {
    const request = this.kept.get(gateway)?.get(ask);
    this.kept.get(gateway)?.delete(ask);
    return request;
  }
}
