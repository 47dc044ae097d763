import { randomBytes } from "node:crypto";

const objects = new WeakMap<object, string>();
const process = randomBytes(9).toString("base64url");
let last = 0;

/**
 * What a room is called at the gateway. Apps have rooms that are numbers, which are text there. One that is an object, as a client may have
 * sent, is natively the room of that very object, and of nobody who knows what it would be as text: it has a name that nobody knows.
 */
export function nameOf(room: unknown): string {
  if (typeof room === "string") return room;
  if (room === null || (typeof room !== "object" && typeof room !== "function")) return String(room);
  let name = objects.get(room);
  if (name === undefined) objects.set(room, (name = `object ${++last} of ${process}`));
  return name;
}
