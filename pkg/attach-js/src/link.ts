import { randomBytes } from "node:crypto";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { Batch } from "./batch";
import { type Body, MalformedFrame } from "./body";
import { Frames } from "./frames";
import { appProof, PROTOCOL, provesGateway, type AppHello, type GatewayHello, type Refusal, type Welcome } from "./hello";
import { Op } from "./ops";

const HELLO_TIMEOUT = 10_000;
const QUIET = 5_000; // then we ask
const SILENT = 15_000; // then it is dead
const READ_SIZE = 256 * 1024;
const READ_PAUSE = 16 * 1024 * 1024;
const CLOSE_WAIT = 5_000; // for the gateway to read our last words
const WRITE_LIMIT = 256 * 1024 * 1024;
const NO_HELLO = "what listens there says no hello as a gateway does: SOCKETGATE_URL has to name its ATTACH_ADDR, not where its clients connect";

/** Why a link ended; code is set where the gateway refused it. */
export class LinkError extends Error {
  constructor(message: string, readonly code?: string) {
    super(message);
  }
}

export interface LinkOptions {
  key: string;
  hello: () => Omit<AppHello, "version" | "nonce" | "proof">;
  /** The gateway has let us in: what follows goes to the handler that this returns. Throws LinkError to refuse it. */
  welcomed(link: Link, gateway: string, welcome: Welcome): LinkHandler;
  /** Called once, at the end, after the handler's. */
  ended(link: Link, error: LinkError): void;
}

export interface LinkHandler {
  /** A frame has come. What it throws ends the link. */
  frame(op: number, body: Body): void;
  /** All frames that came together have been given. */
  gathered(): void;
  ended(error: LinkError): void;
}

/**
 * One connection to a gateway. Frames are written into `out` and leave together, after the events of this turn of the
 * loop. A gateway that does not read makes us stop reading, and in the end costs the link, so that memory is bounded.
 */
export class Link {
  private readonly socket: Socket;
  private readonly frames = new Frames();
  private readonly batch = new Batch();
  private readonly nonce = randomBytes(16).toString("hex");
  private gateway?: GatewayHello;
  private handler?: LinkHandler;
  private flushing = false;
  private over = false;
  private heard = Date.now();
  /** How often something came. */
  reads = 0;
  private readonly clock: NodeJS.Timeout;

  constructor(address: NetConnectOpts, private readonly options: LinkOptions) {
    // Without a buffer of its own, a socket takes a new one of 64 KiB for every read, however little comes.
    const onread = { buffer: Buffer.allocUnsafeSlow(READ_SIZE), callback: (length: number, buffer: Uint8Array) => this.read(Buffer.from(buffer.subarray(0, length))) };
    this.socket = connect({ ...address, onread });
    this.socket.setNoDelay(true);
    this.socket.on("drain", () => this.socket.resume());
    this.socket.on("error", (error) => this.end(new LinkError(error.message)));
    this.socket.on("close", () => this.end(new LinkError(this.gateway ? "the gateway closed the link" : NO_HELLO)));
    this.clock = setInterval(() => this.tick(), QUIET / 2);
    this.clock.unref();
    setTimeout(() => this.handler ?? this.end(new LinkError(this.gateway ? "no answer to the hello" : NO_HELLO)), HELLO_TIMEOUT).unref();
  }

  /** Where frames are written: begin, fields, end. */
  get out(): Batch {
    if (!this.flushing && !this.over) {
      this.flushing = true;
      setImmediate(() => this.flush());
    }
    return this.batch;
  }

  /** Writes what has gathered now, rather than after this turn. */
  flush(): void {
    this.flushing = false;
    const data = this.batch.take();
    if (!data || this.over) return;
    if (!this.socket.write(data) && this.socket.writableLength > READ_PAUSE) this.socket.pause();
    if (this.socket.writableLength > WRITE_LIMIT) this.end(new LinkError("the gateway does not read"));
  }

  /** Writes what has gathered, then closes. Resolves when the gateway has read it all: a process that ends before takes along what has not been sent. */
  async close(reason: string): Promise<void> {
    this.flush();
    const read = new Promise<void>((done) => this.socket.once("close", () => done()));
    this.socket.resume().end();
    this.end(new LinkError(reason), false);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([read, new Promise<void>((enough) => (timer = setTimeout(enough, CLOSE_WAIT)))]);
    clearTimeout(timer);
  }

  /** Has the gateway hear of us. */
  sayAlive(): void {
    this.out.begin(Op.Ping).raw(randomBytes(8)).end();
  }

  private end(error: LinkError, destroy = true): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.clock);
    if (destroy) this.socket.destroy();
    this.handler?.ended(error);
    this.options.ended(this, error);
  }

  private tick(): void {
    const silence = Date.now() - this.heard;
    if (silence > SILENT) this.end(new LinkError("the gateway was not heard of for 15 s"));
    else if (silence >= QUIET && this.handler) this.sayAlive();
  }

  /** Frames keep the chunk. */
  private read(chunk: Buffer): true {
    this.heard = Date.now();
    this.reads++;
    this.frames.push(chunk);
    try {
      for (let frame = this.frames.next(); frame && !this.over; frame = this.frames.next()) this.frame(frame.op, frame.body);
      this.handler?.gathered();
    } catch (error) {
      if (!(error instanceof MalformedFrame || error instanceof LinkError)) throw error;
      this.end(error instanceof LinkError ? error : new LinkError(error.message));
    }
    return true;
  }

  private frame(op: number, body: Body): void {
    if (op === Op.Ping) this.out.begin(Op.Pong).raw(body.rest()).end();
    else if (op === Op.Pong) return;
    else if (this.handler) this.handler.frame(op, body);
    else if (op === Op.Hello && !this.gateway) this.greet(body.json<GatewayHello>());
    else if (op === Op.Welcome && this.gateway) this.welcome(this.gateway, body.json<Welcome>());
    else if (op === Op.Refused) this.refused(body.json<Refusal>());
    else throw new MalformedFrame(`an operation ${op} during the hello`);
  }

  private greet(hello: GatewayHello): void {
    if (hello.socketgate !== PROTOCOL) throw new LinkError(`the gateway speaks version ${hello.socketgate} of the link, this package ${PROTOCOL}`);
    this.gateway = hello;
    const proof = appProof(this.options.key, hello.nonce, this.nonce);
    this.out.begin(Op.Hello).json({ version: PROTOCOL, nonce: this.nonce, proof, ...this.options.hello() } satisfies AppHello).end();
    this.flush();
  }

  private welcome(gateway: GatewayHello, welcome: Welcome): void {
    if (!provesGateway(welcome.proof, this.options.key, gateway.nonce, this.nonce)) {
      throw new LinkError("the gateway does not know the key");
    }
    this.handler = this.options.welcomed(this, gateway.gateway, welcome);
  }

  private refused({ code, message }: Refusal): never {
    throw new LinkError(message, code);
  }
}
