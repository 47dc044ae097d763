import { lookup } from "node:dns/promises";
import { isIP, type NetConnectOpts } from "node:net";

/** Where a gateway's ATTACH_ADDR is: a host and port, of which DNS may know several, or a unix socket. */
export type Address = { host: string; port: number } | { path: string };

/** Reads a list of addresses: "tcp://gateway:4100", "gateway:4100", "[::1]:4100", "unix:/run/socketgate.sock", "/run/socketgate.sock". */
export function parseAddresses(list: string | readonly string[]): Address[] {
  const texts = (typeof list === "string" ? list.split(",") : list).map((text) => text.trim()).filter(Boolean);
  if (texts.length === 0) throw new Error("attach: no address of a gateway: set SOCKETGATE_URL or pass url, as in tcp://gateway:4100");
  return texts.map(parseAddress);
}

function parseAddress(text: string): Address {
  const path = text.match(/^(?:unix:(?:\/\/)?)?(\/.+)$/)?.[1];
  if (path) return { path };
  const match = text.match(/^(?:tcp:\/\/)?(?:\[([^\]]+)\]|([^:/[\]]+)):(\d+)\/?$/);
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65535) {
    throw new Error(`attach: ${text} is no address of a gateway's ATTACH_ADDR: write tcp://host:port or unix:/path`);
  }
  return { host: (match[1] ?? match[2])!, port };
}

/** All that an address stands for right now, as what net.connect takes, each with a name. A name that can't be found has none. */
export async function resolve(address: Address): Promise<Map<string, NetConnectOpts>> {
  if ("path" in address) return new Map([[address.path, { path: address.path }]]);
  const { host, port } = address;
  const found = isIP(host) ? [{ address: host }] : await lookup(host, { all: true });
  return new Map(found.map(({ address: ip }) => [`${ip}:${port}`, { host: ip, port }]));
}
