import { EventEmitter } from "node:events";

/**
 * What apps read of `socket.conn.transport`: its name. All connections of a kind share one; the gateway has the real
 * one. It is always writable, so that packets that may be lost get as far as the gateway, which decides.
 */
export class Transport extends EventEmitter {
  readonly writable = true;
  readonly protocol = 4;
  readonly readyState = "open";
  readonly supportsBinary = true;

  private constructor(readonly name: string) {
    super();
    this.setMaxListeners(0);
  }

  private static readonly known = new Map<string, Transport>();

  static named(name: string): Transport {
    let transport = this.known.get(name);
    if (!transport) this.known.set(name, (transport = new Transport(name)));
    return transport;
  }
}
