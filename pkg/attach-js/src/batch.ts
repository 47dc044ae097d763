const BLOCK = 64 * 1024;
const LONGEST_HEAD = 5; // length and op of a frame

/** The most bytes that a frame may have behind its length. */
export const MAX_FRAME = 64 * 1024 * 1024;

/** One frame of a Socket.IO packet: its text, or an attachment, in whatever kind of bytes the app has emitted it. */
export type Piece = string | ArrayBufferView | ArrayBuffer;

/**
 * Frames that leave together. Each is written in place: begin, the fields of its body in order, end. A frame that
 * has become longer than MAX_FRAME is taken out again by end, which says so; one that has no end, since a field could not be written, by
 * whatever comes next.
 */
export class Batch {
  private block = Buffer.allocUnsafe(BLOCK);
  private at = 0;
  private start = 0;
  private open = false;

  /** How many bytes wait to be taken. */
  get size(): number {
    return this.at;
  }

  begin(op: number): this {
    this.abandon();
    this.room(LONGEST_HEAD);
    this.open = true;
    this.start = this.at;
    this.at += 4;
    this.block[this.at++] = op;
    return this;
  }

  /** Ends the frame; false if it was too long and is gone. */
  end(): boolean {
    this.open = false;
    const length = this.at - this.start - 4;
    if (length > MAX_FRAME) {
      this.at = this.start;
      return false;
    }
    this.block.writeUInt32BE(length, this.start);
    return true;
  }

  u8(value: number): this {
    this.room(1);
    this.block[this.at++] = value;
    return this;
  }

  /** A whole number from 0 to 2^53-1, seven bits a byte, lowest first. */
  uvarint(value: number): this {
    this.room(8);
    while (value >= 0x80) {
      this.block[this.at++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.block[this.at++] = value;
    return this;
  }

  string(text: string): this {
    const length = Buffer.byteLength(text);
    this.uvarint(length).room(length);
    this.at += this.block.write(text, this.at, length);
    return this;
  }

  bytes(data: Uint8Array): this {
    return this.uvarint(data.byteLength).raw(data);
  }

  raw(data: Uint8Array): this {
    this.room(data.byteLength);
    this.block.set(data, this.at);
    this.at += data.byteLength;
    return this;
  }

  list(texts: Iterable<string>, count: number): this {
    this.uvarint(count);
    for (const text of texts) this.string(text);
    return this;
  }

  packet(pieces: readonly Piece[]): this {
    this.uvarint(pieces.length);
    for (const piece of pieces) {
      if (typeof piece === "string") this.u8(0).string(piece);
      else this.u8(1).bytes(bytesOf(piece));
    }
    return this;
  }

  /** The rest of the body as JSON. */
  json(value: unknown): this {
    return this.rest(JSON.stringify(value));
  }

  /** The rest of the body, as it is. */
  rest(text: string): this {
    const length = Buffer.byteLength(text);
    this.room(length);
    this.at += this.block.write(text, this.at, length);
    return this;
  }

  /** All complete frames since the last take, or undefined. What is returned is the caller's. */
  take(): Buffer | undefined {
    this.abandon();
    if (this.at === 0) return undefined;
    const filled = this.block.subarray(0, this.at);
    this.at = 0;
    if (filled.length <= BLOCK / 4) return Buffer.from(filled);
    this.block = Buffer.allocUnsafe(BLOCK);
    return filled;
  }

  private abandon(): void {
    if (this.open) this.at = this.start;
    this.open = false;
  }

  private room(length: number): void {
    if (this.at + length <= this.block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.at + length, 2 * this.block.length));
    this.block.copy(larger, 0, 0, this.at);
    this.block = larger;
  }
}

/** The bytes themselves, none of them copied: what has no length as a list of bytes (an ArrayBuffer, floats) would be written as what was there before. */
function bytesOf(data: ArrayBufferView | ArrayBuffer): Uint8Array {
  if (data instanceof Uint8Array) return data;
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}
