import { corsForGateway } from "./cors";
import type { ServerOptions } from "./hello";
import type { InnerServer } from "./internals";

/** Tells of options that do nothing for a gateway's clients whether the app has set them to what it would do without. */
const UNUSED: Record<string, (value: unknown) => boolean> = {
  serveClient: (value) => value === true,
  cookie: Boolean,
  perMessageDeflate: Boolean,
  httpCompression: (value) => value !== undefined && value !== true,
  httpRequestBodyTimeout: (value) => value !== undefined,
  maxBufferedChunks: (value) => value !== undefined,
  wsEngine: (value) => value !== undefined,
  initialPacket: Boolean,
  destroyUpgrade: (value) => value !== undefined,
  destroyUpgradeTimeout: (value) => value !== undefined,
};

/** What the gateway must know of a server's options, by which it serves the clients or says how it differs. The others are socket.io's affair here. */
export function serverOptions(io: InnerServer, recovery: number, keep: boolean): ServerOptions {
  const { opts } = io;
  return {
    path: io.path(),
    pingInterval: whole(opts.pingInterval),
    pingTimeout: whole(opts.pingTimeout),
    maxHttpBufferSize: whole(opts.maxHttpBufferSize),
    allowEIO3: Boolean(opts.allowEIO3),
    cors: corsForGateway(io),
    transports: names(opts.transports),
    allowUpgrades: opts.allowUpgrades === undefined ? undefined : Boolean(opts.allowUpgrades),
    upgradeTimeout: whole(opts.upgradeTimeout),
    connectTimeout: whole(opts.connectTimeout),
    unused: Object.keys(UNUSED).filter((name) => UNUSED[name]!(opts[name])),
    recovery,
    anew: keep ? undefined : true,
  };
}

/** The gateway takes nothing else for a number, and would not let this process in. */
function whole(value: unknown): number | undefined {
  const number = Math.round(Number(value));
  return value !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

/** Engine.IO looks a transport up in whatever it was given. */
function names(value: unknown): string[] | undefined {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.map(String) : undefined;
}
