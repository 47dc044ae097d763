import { DefaultDeserializer, DefaultSerializer } from "node:v8";
import type { RoomNames } from "./rooms";

/** What the gateway keeps of a socket for the next process. */
export interface Kept {
  /** socket.data, and behind it the rooms that are no text, if there are any: by v8.serialize, in base64. */
  data?: string;
  /** Its rooms, as they are called at the gateway. */
  rooms: string[];
}

/** Versions before this one read socket.data and nothing behind it. */
export function pack(data: unknown, odd: ReadonlySet<unknown> | undefined): Buffer {
  const writer = new DefaultSerializer();
  writer.writeHeader();
  writer.writeValue(data);
  if (odd?.size) writer.writeValue([...odd]);
  return writer.releaseBuffer();
}

/** socket.data, and the rooms as the app has joined them. */
export function unpack({ data: kept, rooms }: Kept, names: RoomNames): { data: unknown; rooms: string[] } {
  if (!kept) return { data: {}, rooms };
  const reader = new DefaultDeserializer(Buffer.from(kept, "base64"));
  let data: unknown;
  try {
    reader.readHeader();
    data = reader.readValue();
  } catch {
    return { data: {}, rooms }; // Another version of Node wrote it. The socket is worth more than its data.
  }
  const odd = new Map(oddRooms(reader).map((room) => [names.of(room), room as string]));
  return { data, rooms: rooms.map((name) => (odd.has(name) ? odd.get(name)! : name)) };
}

function oddRooms(reader: DefaultDeserializer): unknown[] {
  try {
    return reader.readValue() as unknown[];
  } catch {
    return []; // nothing is behind it
  }
}
