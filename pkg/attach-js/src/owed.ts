import { newlyDefining } from "./classes";
import { Connection } from "./connection";
import type { InnerSocket } from "./internals";

/** Who has not answered for this long, in ms, is not waited for: some handlers never do. */
const LATELY = 5_000;

/** How many answers handlers owe to clients that asked for one lately. */
export class Owed {
  private recent = { count: 0 };
  private before = { count: 0 };
  private since = Date.now();

  /** One more. What it returns is called when it is given. */
  add(): () => void {
    this.turn();
    let of: { count: number } | undefined = this.recent;
    of.count++;
    return () => {
      if (of) of.count--;
      of = undefined;
    };
  }

  get count(): number {
    this.turn();
    return this.recent.count + this.before.count;
  }

  private turn(): void {
    const now = Date.now();
    const passed = now - this.since;
    if (passed < LATELY) return;
    this.before = passed < 2 * LATELY ? this.recent : { count: 0 };
    this.recent = { count: 0 };
    this.since = now;
  }
}

const counted = new WeakSet<object>();

/** Counts from now on which answers are owed to gateways' clients, on all sockets of this socket's class. */
export function countOwed(socket: InnerSocket): void {
  const made = newlyDefining("ack", socket, counted);
  if (!made) return;
  const methods = made as { ack(this: InnerSocket, id: number): (...args: unknown[]) => void };
  const original = methods.ack;
  methods.ack = function (id) {
    const give = original.call(this, id);
    const { conn } = this.client;
    if (!(conn instanceof Connection)) return give;
    const given = conn.gateway.owed.add();
    return (...args) => {
      give(...args);
      given();
    };
  };
}
