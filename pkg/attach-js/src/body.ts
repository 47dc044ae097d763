import type { Piece } from "./batch";

/** A frame was not what the protocol says. The link can't go on. */
export class MalformedFrame extends Error {}

/** Reads the fields of a frame's body in order. Every method throws MalformedFrame where the body has something else. */
export class Body {
  /** The body is the part of data from at to end. */
  constructor(
    private readonly data: Buffer,
    private at = 0,
    private readonly end = data.length,
  ) {}

  u8(): number {
    if (this.at >= this.end) throw new MalformedFrame("a frame is too short");
    return this.data[this.at++]!;
  }

  uvarint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new MalformedFrame("a number is too large");
  }

  /** What is returned shares memory with the frame. */
  bytes(): Buffer {
    return this.slice(this.uvarint());
  }

  string(): string {
    const length = this.uvarint();
    const start = this.skip(length);
    return this.data.toString("utf8", start, start + length);
  }

  list(): string[] {
    const count = this.uvarint();
    if (count > this.left) throw new MalformedFrame("a list is longer than its frame");
    return Array.from({ length: count }, () => this.string());
  }

  /** A text, or the number of one of these words. */
  word(words: readonly string[]): string {
    const number = this.uvarint();
    if (number === 0) return this.string();
    const word = words[number - 1];
    if (word === undefined) throw new MalformedFrame(`a word ${number} that was not said`);
    return word;
  }

  skipText(): void {
    this.skip(this.uvarint());
  }

  /** Past what word would read. */
  skipWord(words: readonly string[]): void {
    const number = this.uvarint();
    if (number === 0) this.skipText();
    else if (number > words.length) throw new MalformedFrame(`a word ${number} that was not said`);
  }

  packet(): Piece[] {
    const count = this.uvarint();
    if (count < 1 || count > 11) throw new MalformedFrame(`a packet of ${count} frames`);
    const packet = [this.piece()];
    while (packet.length < count) packet.push(this.piece());
    return packet;
  }

  private piece(): Piece {
    const kind = this.u8();
    if (kind > 1) throw new MalformedFrame(`a frame of kind ${kind}`);
    return kind === 0 ? this.string() : this.bytes();
  }

  /** What is left of the body. */
  rest(): Buffer {
    return this.slice(this.left);
  }

  /** The rest of the body, which is JSON. */
  json<T>(): T {
    const text = this.slice(this.left).toString("utf8");
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new MalformedFrame("a frame's JSON can't be read");
    }
  }

  get left(): number {
    return this.end - this.at;
  }

  /** The body must have been read to its end. */
  done(): void {
    if (this.left !== 0) throw new MalformedFrame("a frame is too long");
  }

  private slice(length: number): Buffer {
    const start = this.skip(length);
    return this.data.subarray(start, start + length);
  }

  /** Where what was skipped begins. */
  private skip(length: number): number {
    if (length > this.left) throw new MalformedFrame("a frame is too short");
    const start = this.at;
    this.at += length;
    return start;
  }
}
