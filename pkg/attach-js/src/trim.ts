const TURN = 2_000; // ms
const OVER = 1; // turns without anybody new: then a rush is over
const LATER = 4; // turns
const WORTH = 500; // clients: some MiB
const SIZE = 32 * 1024 * 1024 + 1;

/**
 * Gives back what V8's young generation took for a rush of clients: up to 32 MiB, which stay for as long as there is so little to do
 * that nothing is collected. V8 lets go of it in a collection before which little was allocated for 5 s. So there are two: one
 * when the rush is over, from which on V8 counts anew, and a later one, which finds little.
 */
export class Trimmer {
  private readonly timer: NodeJS.Timeout;
  private seen = 0;
  private rush = 0;
  private quiet = 0;
  private due = false;

  /** `arrivals` is how many clients have come so far. */
  constructor(private readonly arrivals: () => number, private readonly collect = collectYoung) {
    this.timer = setInterval(() => this.turn(), TURN);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private turn(): void {
    const coming = this.arrivals() - this.seen;
    this.seen += coming;
    this.rush += coming;
    this.quiet = coming > 0 ? 0 : this.quiet + 1;
    if (this.quiet === OVER) {
      const worth = this.rush >= WORTH;
      this.rush = 0;
      this.due ||= worth;
      if (worth) this.collect();
    } else if (this.quiet === LATER && this.due) {
      this.due = false;
      this.collect();
    }
  }
}

/** V8 collects its young generation when array buffers of 32 MiB may be garbage in it. Nobody writes to these, so they take no memory. */
export function collectYoung(): void {
  try {
    new ArrayBuffer(SIZE);
    new ArrayBuffer(1);
  } catch {
    // there is not even room for that
  }
}
