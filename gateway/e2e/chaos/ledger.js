// What was said in a run, when, and what of it has come back. Times are performance.now(), all of one process.
import { words } from '../harness/people.js';

/**
 * Of a message: when somebody first heard it, how many milliseconds later others heard it at most who were connected all the time, whether its sender was told that it is stored, its row, its place in the room's history.
 */
const UNKNOWN = { told: Infinity, crossed: 0, acked: false, id: undefined, createdAt: undefined, place: undefined };

/** The books of a run. */
export class Ledger {
  #messages = new Map();
  /** What nobody said or what reads otherwise than at first: descriptions. */
  altered = [];
  #during;

  /** `during` answers what is going wrong at the moment, for the examples. */
  constructor(during = () => '') {
    this.#during = during;
  }

  /** Notes that somebody is about to say something for the first time, and answers what is then known of it. */
  said(by, room, n) {
    const message = { ...UNKNOWN, text: words(`${by} ${n}`), by, room, said: performance.now(), during: this.#during(), copies: new Map() };
    this.#messages.set(message.text, message);
    return message;
  }

  /** Notes that the gateway has told of a message, and answers which it is. */
  told(received) {
    const message = this.find(received.text, received.id);
    if (!message) return void this.altered.push(`nobody said ${JSON.stringify(received)}`);
    message.told = Math.min(message.told, performance.now());
    message.createdAt ??= received.createdAt;
    const { createdAt, room, by } = message;
    const right = received.createdAt === createdAt && received.roomId === room && received.userId === `id-of-${by}` && received.user?.username === by;
    if (!right) this.altered.push(`of ${by} in ${room} at ${createdAt}: ${JSON.stringify(received)}`);
    return message;
  }

  /** Notes that a message's sender has been told that it is stored. */
  acked(message, received) {
    const told = this.told(received);
    if (told?.text === message.text) told.acked = true;
    else this.altered.push(`the ack of ${message.text} is of ${received.text}`);
  }

  /** The message with that text and id. The first id is the message's own; who was stored again has copies. */
  find(text, id) {
    const message = this.#messages.get(text);
    if (!message) return undefined;
    message.id ??= id;
    if (message.id === id) return message;
    if (!message.copies.has(id)) message.copies.set(id, { ...message, ...UNKNOWN, id, copies: undefined });
    return message.copies.get(id);
  }

  /** All that was said, and copies. */
  all() {
    return [...this.#messages.values()].flatMap((message) => [message, ...message.copies.values()]);
  }
}
