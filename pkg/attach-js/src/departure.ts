import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { Gateway } from "./gateway";

/** ms without a word of a gateway after which its last is not waited for. */
const SILENCE = 5_000;
/** ms that handlers have for what they owe: less than a gateway gives, which hears of us meanwhile. */
const OWED_WAIT = 4_000;
const LOOK_AGAIN = 20;
const ALIVE_EVERY = 1_000; // the gateway gives those that leave time, as long as it hears of them

/** How a process leaves its gateways: these have said BYE, write what they had queued, and then HELD. */
export class Departure {
  private all!: () => void;
  private readonly heldByAll = new Promise<void>((done) => (this.all = done));

  constructor(private readonly missing: Set<Gateway>) {}

  /** A gateway has said its last, or its link has ended. */
  held(gateway: Gateway): void {
    this.missing.delete(gateway);
    if (this.missing.size === 0) this.all();
  }

  /**
   * Resolves when everything has been heard that gateways had written, or when they say nothing more. Time alone tells nothing: a process that is busy
   * with what came, or has no core, hears late; its timers come before what has been there for long.
   */
  async allHeld(): Promise<void> {
    for (let before = -1; this.missing.size > 0 && before !== this.heard; ) {
      before = this.heard;
      await Promise.race([this.heldByAll, pause(SILENCE, undefined, { ref: false })]); // the link keeps the process meanwhile
      await turn();
    }
  }

  private get heard(): number {
    let sum = 0;
    for (const gateway of this.missing) sum += gateway.heard;
    return sum;
  }
}

/** Gives handlers so many ms, and more where clients wait for an answer of theirs, or are still being restored. */
export async function finish(gateways: readonly Gateway[], linger: number): Promise<void> {
  await pause(linger);
  const until = Date.now() + OWED_WAIT;
  for (let looks = 0; gateways.some((gateway) => gateway.busy) && Date.now() < until; looks++) {
    if (looks % (ALIVE_EVERY / LOOK_AGAIN) === 0) for (const gateway of gateways) gateway.link?.sayAlive();
    await pause(LOOK_AGAIN);
  }
}
