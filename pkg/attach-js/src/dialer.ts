import type { NetConnectOpts } from "node:net";
import { resolve, type Address } from "./address";
import { Link, type LinkError, type LinkOptions } from "./link";

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;
const REFUSED_PAUSE = 10_000;
const RESOLVE_EVERY = 5_000;

/** The code of an error for a gateway that is linked already, by another of its addresses. */
export const SAME_GATEWAY = "same_gateway";

/** Keeps one link to whatever the addresses stand for: names are looked up again, what can't be reached is tried again. */
export class Dialer {
  private readonly targets = new Map<string, Target>();
  private readonly unfound = new Set<Address>();
  private readonly timer: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly addresses: readonly Address[],
    private readonly options: LinkOptions,
    private readonly log: (line: string) => void,
  ) {
    this.timer = setInterval(() => void this.look(), RESOLVE_EVERY);
    this.timer.unref();
    void this.look();
  }

  /** No link is made any more. Those that are there stay. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    for (const target of this.targets.values()) target.stop();
  }

  private async look(): Promise<void> {
    for (const address of this.addresses) {
      try {
        for (const [name, options] of await resolve(address)) this.dial(name, options);
        this.unfound.delete(address);
      } catch (error) {
        if (!this.unfound.has(address)) this.log(`can't find a gateway: ${(error as Error).message}`); // once, not at each look
        this.unfound.add(address);
      }
    }
  }

  private dial(name: string, address: NetConnectOpts): void {
    if (this.stopped || this.targets.has(name)) return;
    const given = () => {
      // An address that a name has no longer is forgotten once it can't be reached; while the name has it, look brings it back.
      if ("host" in address) this.targets.delete(name);
    };
    this.targets.set(name, new Target(name, address, this.options, this.log, given));
  }
}

const GIVE_UP_AFTER = 20; // tries, about half a minute

/** One address, dialled again whenever its link has ended. */
class Target {
  private pause = FIRST_PAUSE;
  private tries = 0;
  private timer?: NodeJS.Timeout;
  private stopped = false;
  private said?: string;

  constructor(
    private readonly name: string,
    private readonly address: NetConnectOpts,
    private readonly options: LinkOptions,
    private readonly log: (line: string) => void,
    private readonly givenUp: () => void,
  ) {
    this.dial();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private dial(): void {
    let welcome = false;
    new Link(this.address, {
      ...this.options,
      welcomed: (link, gateway, answer) => {
        const handler = this.options.welcomed(link, gateway, answer);
        welcome = true;
        return handler;
      },
      ended: (link, error) => {
        this.options.ended(link, error);
        this.again(welcome, error);
      },
    });
  }

  private again(welcome: boolean, error: LinkError): void {
    if (this.stopped) return;
    if (welcome) [this.pause, this.tries, this.said] = [FIRST_PAUSE, 0, undefined];
    else if (error.code !== SAME_GATEWAY && this.said !== error.message) {
      this.said = error.message; // once, not at each try
      this.log(`gateway ${this.name}: ${error.message}`);
    }
    if (++this.tries > GIVE_UP_AFTER) {
      this.stop();
      this.givenUp();
      return;
    }
    const pause = error.code ? REFUSED_PAUSE : this.pause * (0.75 + Math.random() / 2);
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    this.timer = setTimeout(() => this.dial(), pause);
  }
}
