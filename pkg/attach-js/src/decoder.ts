import type { Decoder, InnerClient, InnerServer, Packet } from "./internals";

/** A server's decoder for packets that are one text: it keeps nothing of them, so all clients may have the same. */
class CommonDecoder {
  private readonly decoder: Decoder;
  private client?: InnerClient;

  constructor(server: InnerServer) {
    this.decoder = new server._parser.Decoder();
    this.decoder.on("decoded", (packet) => this.client!.ondecoded(packet));
  }

  add(client: InnerClient, text: string): void {
    const before = this.client;
    this.client = client;
    try {
      this.decoder.add(text);
    } finally {
      this.client = before;
    }
  }

  private static readonly known = new WeakMap<InnerServer, CommonDecoder>();

  static of(server: InnerServer): CommonDecoder {
    let decoder = this.known.get(server);
    if (!decoder) this.known.set(server, (decoder = new CommonDecoder(server)));
    return decoder;
  }
}

/** Whether the packet has, or may have, attachments: until they are here its decoder is its client's alone. */
function mayGoOn(data: string | Uint8Array): boolean {
  return typeof data !== "string" || data[0] === "5" || data[0] === "6";
}

/** `client.decoder` of a client that has one of its own only once it has sent attachments. */
export class LentDecoder implements Decoder {
  private own?: Decoder;

  constructor(private readonly client: InnerClient) {}

  add(data: string | Uint8Array): void {
    if (!this.own && mayGoOn(data)) {
      this.own = new this.client.server._parser.Decoder();
      this.own.on("decoded", (packet: Packet) => this.client.ondecoded(packet));
    }
    if (this.own) this.own.add(data);
    else CommonDecoder.of(this.client.server).add(this.client, data as string);
  }

  destroy(): void {
    this.own?.destroy?.();
  }

  /** Whoever has decoded tells the client. */
  on(): this {
    return this;
  }

  removeListener(): this {
    return this;
  }
}
