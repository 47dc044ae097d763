import { serialize } from "node:v8";
import type { Connection, Told } from "./connection";
import type { Gateway } from "./gateway";
import { pack } from "./kept";

const SLICES = 10;
const NO_MORE: IteratorReturnResult<undefined> = { done: true, value: undefined };
const SLICE = 100; // ms: so each socket is looked at once a second

/**
 * Keeps the gateway's copy of every `socket.data` up to date. Nothing says when a handler has changed it, so it is
 * compared: for sockets that had packets, after these were handled, and for all of them once a second, a tenth at a time.
 */
export class DataKeeper {
  private unswept: Gateway[] = [];
  private at?: Iterator<Connection>;
  private readonly timer: NodeJS.Timeout;

  constructor(
    /** Whether there is anybody to keep it for. */
    private readonly needed: () => boolean,
    private readonly gateways: () => Iterable<Gateway>,
    private readonly log: (line: string) => void,
  ) {
    this.timer = setInterval(() => this.sweep(), SLICE);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  compare(connection: Connection): void {
    if (!this.needed()) return;
    for (const told of connection.told) {
      const data = this.current(told);
      if (!data || (told.data && data.equals(told.data))) continue;
      told.data = data;
      connection.gateway.data(connection, told.nsp, data);
    }
  }

  compareAll(): void {
    for (const gateway of this.gateways()) for (const connection of gateway) this.compare(connection);
  }

  /** Allocates nothing where there is nothing to tell: else V8 would take an idle process for a busy one, and keep the memory of its last rush. */
  private sweep(): void {
    let count = 0;
    for (const gateway of this.gateways()) count += gateway.count;
    for (let left = Math.ceil(count / SLICES) + 1; left > 0; left--) {
      const connection = this.next();
      if (connection) this.compare(connection);
    }
  }

  private next(): Connection | undefined {
    const { done, value } = this.at?.next() ?? NO_MORE;
    if (!done) return value;
    if (this.unswept.length === 0) this.unswept = [...this.gateways()];
    this.at = this.unswept.pop()?.[Symbol.iterator]();
    return undefined;
  }

  /** socket.data, and the odd rooms, as the gateway is to have them now; undefined for none. */
  current(told: Told): Buffer | undefined {
    const { data } = told.socket;
    if (!told.data && !told.odd?.size && isEmpty(data)) return undefined;
    try {
      return pack(data, told.odd);
    } catch {
      return pack(this.without(data as Record<string, unknown>), told.odd);
    }
  }

  /** What of it can be kept: functions and sockets of other things can't. */
  private without(data: Record<string, unknown>): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(data)) {
      try {
        serialize(value);
        kept[key] = value;
      } catch {
        this.warn(key);
      }
    }
    return kept;
  }

  private readonly warned = new Set<string>();

  private warn(key: string): void {
    if (this.warned.has(key) || this.warned.size > 100) return;
    this.warned.add(key);
    this.log(`socket.data.${key} is nothing that can be serialised (v8.serialize): it will not outlive a restart of the app`);
  }
}

/** Whether it is a plain object without anything in it. */
export function isEmpty(data: unknown): boolean {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return false;
  for (const _ in data) return false;
  return Object.getPrototypeOf(data) === Object.prototype;
}

/** JSON of what clients or the app have put together; undefined where there is none, be it that it is too deep. */
export function inJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
