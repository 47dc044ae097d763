import type { HandshakeRequest } from "./request";

type Read = (handshake: Handshake) => unknown;

/**
 * `socket.handshake` of a gateway's client. It has the properties of socket.io's own, which are read from the request when somebody
 * asks for them: what a client has sent is then kept once, and packed.
 */
export class Handshake {
  readonly #request: HandshakeRequest;
  declare issued: number;
  declare auth: Record<string, unknown>;

  constructor(request: HandshakeRequest, auth: Record<string, unknown>) {
    this.#request = request;
    Object.defineProperties(this, Handshake.#before); // in socket.io's order
    this.issued = Date.now();
    Object.defineProperties(this, Handshake.#behind);
    this.auth = auth;
  }

  static readonly #before = properties({
    headers: (handshake) => handshake.#request.headers,
    time: (handshake) => String(new Date(handshake.issued)),
    address: (handshake) => handshake.#request.socket.remoteAddress,
    xdomain: (handshake) => Boolean(handshake.#request.headers.origin),
    secure: (handshake) => handshake.#request.socket.encrypted,
  });

  static readonly #behind = properties({
    url: (handshake) => handshake.#request.url,
    query: (handshake) => handshake.#request._query,
  });
}

/** Accessors that all handshakes share. What is assigned to one is a property of that handshake from then on. */
function properties(all: Record<string, Read>): PropertyDescriptorMap {
  const described = ([name, read]: [string, Read]): [string, PropertyDescriptor] => [
    name,
    {
      get(this: Handshake) {
        return read(this);
      },
      set(this: Handshake, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: true,
      configurable: true,
    },
  ];
  return Object.fromEntries(Object.entries(all).map(described));
}
