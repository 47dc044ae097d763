import { MAX_FRAME } from "./batch";
import { Body, MalformedFrame } from "./body";

/** A frame that has arrived whole. */
export interface Frame {
  op: number;
  body: Body;
}

/** Cuts a stream of bytes into frames, however it is split. */
export class Frames {
  private data: Buffer = Buffer.alloc(0);
  private at = 0;
  private more: Buffer[] = [];
  private size = 0;

  push(chunk: Buffer): void {
    if (this.size > 0) {
      this.more.push(chunk);
    } else {
      this.data = chunk;
      this.at = 0;
    }
    this.size += chunk.length;
  }

  /** The next whole frame, or undefined until more has come. Throws MalformedFrame for a length that may not be. */
  next(): Frame | undefined {
    if (!this.gather(5)) return undefined;
    const length = this.data.readUInt32BE(this.at);
    if (length < 1 || length > MAX_FRAME) throw new MalformedFrame(`a frame of ${length} bytes`);
    if (!this.gather(4 + length)) return undefined;
    const { data, at } = this;
    this.at += 4 + length;
    this.size -= 4 + length;
    return { op: data[at + 4]!, body: new Body(data, at + 5, at + 4 + length) };
  }

  /** Whether so many bytes are here, which then are in one piece. */
  private gather(length: number): boolean {
    if (this.size < length) return false;
    if (this.data.length - this.at < length) {
      this.data = Buffer.concat([this.data.subarray(this.at), ...this.more], this.size);
      this.at = 0;
      this.more = [];
    }
    return true;
  }
}
