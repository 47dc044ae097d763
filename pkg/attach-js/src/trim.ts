const TURN = 2_000; // ms
const QUIET = [1, 4]; // turns without anybody new, after which V8 is made to look
const WORTH = 500; // clients: some MiB
const SIZE = 32 * 1024 * 1024 + 1;

/**
 * Gives back what V8's young generation took for a rush of clients: up to 32 MiB, which stay for as long as there is so little to do
 * that nothing is collected. In a collection before which little was allocated for 5 s, V8 lets go of it: the first one
 * ends the count of what the rush has allocated, the second one is such a one.
 */
export class Trimmer {
  private readonly timer: NodeJS.Timeout;
  private seen = 0;
  private trimmed = 0;
  private quiet = 0;

  /** `arrivals` is how many clients have come so far. */
  constructor(private readonly arrivals: () => number, private readonly collect = collectYoung) {
    this.timer = setInterval(() => this.turn(), TURN);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private turn(): void {
    const arrivals = this.arrivals();
    this.quiet = arrivals === this.seen ? this.quiet + 1 : 0;
    this.seen = arrivals;
    if (arrivals - this.trimmed < WORTH || !QUIET.includes(this.quiet)) return;
    this.collect();
    if (this.quiet === QUIET.at(-1)) this.trimmed = arrivals;
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
