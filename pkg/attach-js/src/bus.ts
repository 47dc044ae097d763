import { randomBytes } from "node:crypto";
import { deserialize, serialize } from "node:v8";

const TIMEOUT = 5_000;

/** What one process of the app asks of the others. Rooms and exceptions are lists on the way. */
export type Question =
  | { kind: "join" | "leave"; nsp: string; where: Where; rooms: string[] }
  | { kind: "disconnect"; nsp: string; where: Where; close: boolean }
  | { kind: "emit"; nsp: string; args: unknown[] }
  | { kind: "fetch"; nsp: string; where: Where }
  | { kind: "cast"; nsp: string; where: Where; packet: unknown; volatile?: boolean };

export interface Where {
  rooms: string[];
  except: string[];
}

type Message = { question: Question; request?: string } | { request: string; answer: unknown; more?: boolean };

interface Request {
  missing: Set<string>;
  answers: unknown[];
  heard(answer: unknown, from: string): void;
  finish(error: Error | null): void;
  timer: NodeJS.Timeout;
}

export interface BusPorts {
  /** The other processes of the app, each with a way to write to it. */
  peers(): Map<string, (message: Uint8Array) => void>;
  /** Does what another process asks. `reply` may be called several times, at last without `more`. */
  asked(question: Question, reply?: (answer: unknown, more?: boolean) => void): void;
}

/** The processes of an app that has no cluster adapter of its own, talking through the gateways. */
export class Bus {
  private readonly requests = new Map<string, Request>();

  constructor(private readonly ports: BusPorts) {}

  get peerCount(): number {
    return this.ports.peers().size;
  }

  tell(question: Question): void {
    this.publish({ question });
  }

  /**
   * Asks all others. `heard` gets each answer as it comes; `done` is called once: when every process has answered or gone,
   * or with an error after the time-out, and the number of processes that had not.
   */
  ask(question: Question, heard: (answer: unknown, from: string) => void, done: (error: Error | null, answers: unknown[]) => void, timeout = TIMEOUT): void {
    const id = randomBytes(8).toString("hex");
    const missing = new Set(this.ports.peers().keys());
    if (missing.size === 0) return done(null, []);
    const request: Request = {
      missing,
      answers: [],
      heard,
      finish: (error) => {
        clearTimeout(request.timer);
        this.requests.delete(id);
        done(error, request.answers);
      },
      timer: setTimeout(() => request.finish(new Error(`timeout reached: missing ${missing.size} responses`)), timeout),
    };
    this.requests.set(id, request);
    this.publish({ question, request: id });
  }

  heard(from: string, data: Uint8Array): void {
    const message = deserialize(data) as Message;
    if ("question" in message) {
      const { question, request } = message;
      const reply = (answer: unknown, more = false) => this.ports.peers().get(from)?.(encode({ request: request!, answer, more }));
      this.ports.asked(question, request === undefined ? undefined : reply);
      return;
    }
    const request = this.requests.get(message.request);
    if (!request?.missing.has(from)) return;
    request.answers.push(message.answer);
    request.heard(message.answer, from);
    if (!message.more) this.settled(request, from);
  }

  /** Who has gone will not answer. */
  peersChanged(): void {
    const here = this.ports.peers();
    for (const request of [...this.requests.values()]) {
      for (const peer of [...request.missing]) if (!here.has(peer)) this.settled(request, peer);
    }
  }

  private settled(request: Request, peer: string): void {
    request.missing.delete(peer);
    if (request.missing.size === 0) request.finish(null);
  }

  private publish(message: Message): void {
    const peers = this.ports.peers();
    if (peers.size === 0) return;
    const data = encode(message);
    for (const write of peers.values()) write(data);
  }
}

/** What can't be serialised is left out as JSON leaves it out. */
function encode(message: Message): Uint8Array {
  try {
    return serialize(message);
  } catch {
    return serialize(JSON.parse(JSON.stringify(message)));
  }
}
