import { Body } from "./body";

/** A client's handshake as the gateway passes it on. */
export interface Head {
  method: string;
  url: string;
  /** Names and values by turns. */
  headers: string[];
  remoteAddress: string;
  remotePort: number;
  encrypted: boolean;
}

/** A handshake as JSON has it. */
export type HeadInJson = Omit<Head, "headers"> & { headers: Array<[name: string, value: string]> };

export function headOf(json: HeadInJson): Head {
  return { ...json, headers: json.headers.flat() };
}

/**
 * A handshake as the link has it, a byte a character: what many clients have in common is a word's number. Few apps look at
 * it again once the client is in, so it is kept like this until one does.
 */
export interface PackedHead {
  packed: string;
  words: readonly string[];
  url: string;
  remoteAddress: string;
}

/** Takes what is left of the body, which must be a whole head. */
export function takeHead(body: Body, words: readonly string[]): PackedHead {
  const packed = body.rest();
  const skimmed = new Body(packed);
  skimmed.skipWord(words);
  const url = skimmed.word(words);
  const remoteAddress = skimmed.string();
  skimmed.uvarint();
  skimmed.u8();
  for (let left = 2 * skimmed.uvarint(); left > 0; left--) skimmed.skipWord(words);
  skimmed.done();
  return { packed: packed.toString("latin1"), words, url, remoteAddress };
}

export function openHead(packed: string, words: readonly string[]): Head {
  const body = new Body(Buffer.from(packed, "latin1"));
  const method = body.word(words);
  const url = body.word(words);
  const remoteAddress = body.string();
  const remotePort = body.uvarint();
  const encrypted = body.u8() === 1;
  const headers: string[] = [];
  for (let left = body.uvarint(); left > 0; left--) headers.push(body.word(words), body.word(words));
  return { method, url, headers, remoteAddress, remotePort, encrypted };
}
