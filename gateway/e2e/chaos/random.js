// Chance that can be repeated: the same seed draws the same numbers.

/** Numbers drawn from a seed. Each part of a run draws from a stream of its own, so that none disturbs the others' luck. */
export class Random {
  #state;

  constructor(seed) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** A stream of its own, which depends on the seed and the name alone. */
  stream(name) {
    let hash = this.seed ^ 0x811c9dc5; // FNV-1a
    for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
    return new Random(hash);
  }

  /** At least 0, below 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0; // mulberry32
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low, high) {
    return low + this.next() * (high - low);
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  chance(probability) {
    return this.next() < probability;
  }
}
