// What the gateways of a run counted about recovery, over all their lives.
const COUNTER = /^socketgate_(\w*(?:recover|replay|missed|session)\w*_total(?:\{[^}]*\})?) (\S+)$/gm;

/** The counters of gateways that end one after the other. */
export class Counters {
  /** By name and labels, as Prometheus writes them. */
  totals = {};

  /** Reads a gateway's counters, right before its end, and answers all of its metrics. One that does not answer counts for nothing. */
  async add(address) {
    const text = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(2_000) }).then((answer) => answer.text()).catch(() => '');
    for (const [, name, value] of text.matchAll(COUNTER)) {
      if (Number(value) > 0) this.totals[name] = (this.totals[name] ?? 0) + Number(value);
    }
    return text;
  }
}
