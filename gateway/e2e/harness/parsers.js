// What receivers make of a packet: by the official parsers, and by what those of 2021 and before did.
import { Decoder } from 'socket.io-parser';
import parser3 from 'socket.io-parser-3';

/** What the current client makes of a packet, which is a text and its attachments. */
export function byParser4(frames) {
  return decoded(new Decoder(), frames);
}

/** What socket.io-client 2.5 makes of it. Unlike that of 4 it throws in the app's own process. */
export function byParser3(frames) {
  const packet = decoded(new parser3.Decoder(), frames);
  return { ...packet, type: packet.type > 4 ? packet.type - 3 : packet.type };
}

/**
 * What clients make of it whose parser is older than CVE-2022-2421: whatever has a `_placeholder` that is true in any way
 * becomes an attachment, and nothing is checked.
 */
export function byOldParsers(frames) {
  const [, type, count, nsp = '/', id, json] = /^(\d)(?:(\d+)-)?(?:(\/[^,]*),)?(\d*)([^]*)$/.exec(frames[0]);
  const rebuilt = (value) => {
    if (value?._placeholder) return frames[1 + value.num];
    if (value && typeof value === 'object') for (const key of Object.keys(value)) value[key] = rebuilt(value[key]);
    return value;
  };
  const data = JSON.parse(json);
  return { type: type % 3 + (type % 3 < 2 ? 3 : 0), nsp, ...(id && { id: Number(id) }), data: count ? rebuilt(data) : data };
}

function decoded(decoder, frames) {
  const packets = [];
  decoder.on('decoded', (packet) => packets.push(packet));
  for (const frame of frames) decoder.add(frame);
  if (packets.length !== 1) throw new Error(`${packets.length} packets`);
  const { type, nsp, id, data } = packets[0];
  if (type === 4) throw new Error(data); // so says that of 3 what it can't read
  return { type, nsp, ...(id !== undefined && { id }), data };
}
