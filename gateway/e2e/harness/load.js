// People who never stop talking, and who remember what they were promised.
import { words } from './people.js';

/** Keeps `inFlight` messages on the way to a room whenever the socket is connected, from start to stop. */
export class Speaker {
  /** No two speakers of a test may have the same name: it starts all that they say. */
  constructor(name, socket, room, inFlight = 8) {
    Object.assign(this, { name, socket, room, inFlight });
    this.said = 0;
    /** The stored messages that good acks brought, by text. */
    this.acked = new Map();
    /** Bad acks: {code, after}, `after` being the milliseconds that the answer took. */
    this.refused = [];
    this.waiting = 0;
    this.speaking = false;
    socket.on('disconnect', () => {
      this.speaking = false;
      this.waiting = 0; // those acks are lost
    });
  }

  start() {
    this.speaking = true;
    while (this.waiting < this.inFlight) this.#say();
  }

  stop() {
    this.speaking = false;
  }

  #say() {
    const text = words(`${this.name} ${this.said++}`);
    const sent = performance.now();
    const connection = this.socket.id;
    this.waiting++;
    this.socket.emit('send_message', { roomId: this.room, text }, (ack) => {
      if (ack.ok) this.acked.set(text, ack.message);
      else this.refused.push({ code: ack.code, after: performance.now() - sent });
      if (connection !== this.socket.id) return;
      this.waiting--;
      if (this.speaking) this.#say();
    });
  }
}
