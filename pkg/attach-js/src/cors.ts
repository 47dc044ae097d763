import type { InnerServer, Middleware } from "./internals";

/** The server's cors option, where it can be said in JSON: then the gateway answers by itself. */
export function corsForGateway(io: InnerServer): unknown {
  const { cors } = io.opts;
  return cors && isJSON(cors) ? cors : undefined;
}

/** Otherwise (functions, regular expressions) each handshake is asked about, and answered by the server's own middleware. */
export function corsMiddleware(io: InnerServer): Middleware | undefined {
  const { cors } = io.opts;
  return cors && !isJSON(cors) ? io._corsMiddleware : undefined;
}

function isJSON(value: unknown): boolean {
  if (typeof value === "function" || value instanceof RegExp) return false;
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isJSON);
}
