import { createHmac, randomBytes } from "node:crypto";

const objects = new WeakMap<object, string>();
const symbols = new Map<symbol, string>();
const process = randomBytes(9).toString("base64url");
let last = 0;
const LONE = /\p{Surrogate}/u; // half of a pair

/**
 * What rooms are called at the gateway, where all names are text. Apps have rooms that are numbers, which are text there. Whatever else is
 * no text is natively another room than its text, which a client may join by asking for it: `io.to(undefined)` must not reach who is
 * in "undefined". It has a name that nobody makes up without the key, and the same in all processes of the app. So has a text that is not
 * well-formed, since the link would make several of them one.
 */
export class RoomNames {
  constructor(private readonly key: string) {}

  /** The name of one room; it needs no `this`. */
  readonly of = (room: unknown): string => {
    switch (typeof room) {
      case "string":
        return LONE.test(room) ? this.sealed("text", Buffer.from(room, "utf16le").toString("base64")) : room;
      case "bigint":
        return String(room);
      case "number":
        return Number.isFinite(room) ? String(room) : this.sealed("number", String(room));
      case "symbol":
        return numbered(room, symbols);
      case "object":
      case "function":
        return room === null ? this.sealed("null", "") : numbered(room, objects);
      default:
        return this.sealed(typeof room, String(room));
    }
  };

  /** Whether the next process can have it as it is, but not by its name alone. */
  isOdd(room: unknown): boolean {
    return (typeof room === "string" || !identified(room)) && this.of(room) !== room;
  }

  private sealed(kind: string, text: string): string {
    return `${kind} ${createHmac("sha256", this.key).update(`socketgate room ${kind} ${text}`).digest("base64url")}`;
  }
}

/** What is itself only in this process. */
function identified(room: unknown): boolean {
  return typeof room === "symbol" || typeof room === "function" || (typeof room === "object" && room !== null);
}

/** The room of an object, as a client may have sent, is natively that of this very object. */
function numbered<T>(room: T, known: { get(room: T): string | undefined; set(room: T, name: string): unknown }): string {
  let name = known.get(room);
  if (name === undefined) known.set(room, (name = `object ${++last} of ${process}`));
  return name;
}
