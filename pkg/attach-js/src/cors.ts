import type { InnerServer, Middleware } from "./internals";

/** What JSON can say of the server's cors option, null where it can't: the gateway answers preflights by it. */
export function corsForGateway(io: InnerServer): unknown {
  const { cors } = io.opts;
  if (!cors || typeof cors === "function") return undefined;
  return isJSON(cors) ? cors : Object.fromEntries(Object.entries(cors).map(([name, value]) => [name, isJSON(value) ? value : null]));
}

/** Where that is not all of it (functions, regular expressions) each handshake is asked about, and answered by the server's own middleware. */
export function corsMiddleware(io: InnerServer): Middleware | undefined {
  const { cors } = io.opts;
  return cors && !isJSON(cors) ? io._corsMiddleware : undefined;
}

function isJSON(value: unknown): boolean {
  if (typeof value === "function" || value instanceof RegExp) return false;
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isJSON);
}
