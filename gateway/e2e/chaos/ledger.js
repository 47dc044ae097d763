// What was said in a run, when, and what of it has come back. Times are performance.now(), all of one process.
import { words } from '../harness/people.js';

/** The books of a run. */
export class Ledger {
  #messages = new Map();
  /** What nobody said or what reads otherwise than at first: descriptions. */
  altered = [];

  /** Notes that somebody is about to say something for the first time, and answers what is then known of it. */
  said(by, room, n) {
    const message = { text: words(`${by} ${n}`), by, room, said: performance.now(), told: Infinity, acked: false, id: undefined, createdAt: undefined };
    this.#messages.set(message.text, message);
    return message;
  }

  /** Notes that the gateway has told of a message, and answers which it is. */
  told(received) {
    const message = this.#messages.get(received.text);
    if (!message) return void this.altered.push(`nobody said ${JSON.stringify(received)}`);
    message.told = Math.min(message.told, performance.now());
    message.id ??= received.id;
    message.createdAt ??= received.createdAt;
    const { id, createdAt, room, by } = message;
    const right = received.id === id && received.createdAt === createdAt && received.roomId === room &&
      received.userId === `id-of-${by}` && received.user?.username === by;
    if (!right) this.altered.push(`of ${by} in ${room}, ${id} at ${createdAt}: ${JSON.stringify(received)}`);
    return message;
  }

  /** Notes that a message's sender has been told that it is stored. */
  acked(message, received) {
    if (this.told(received) === message) message.acked = true;
    else this.altered.push(`the ack of ${message.text} is of ${received.text}`);
  }

  find(text) {
    return this.#messages.get(text);
  }

  all() {
    return [...this.#messages.values()];
  }
}
