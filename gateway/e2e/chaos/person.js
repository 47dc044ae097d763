// One person at one page: the official client, unmodified, used as apps use it.
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { person, token } from '../harness/people.js';
import { Membership } from './membership.js';

// How long apps wait for an ack, in milliseconds: by hand, and as Socket.IO's documentation has it for `retries`.
const ANSWER = 5_000;
const ACK_TIMEOUT = 10_000;

// For how long an app sends a message again that has an id: the gateway knows it as the same for 2 min after it was stored. What is
// unanswered then, the page looks for in the history.
const RESENDS = 2 * 60_000 - ACK_TIMEOUT;

/** How apps join: in every `connect` handler, or again only when the client says that it was not recovered. */
export const JOINS = ['always', 'once'];
/** WebSocket alone, or what io(url) does: long-polling first. */
export const TRANSPORTS = ['websocket', 'default'];
/**
 * How apps send. With an id of their own, again by hand until the ack is good, or by the client's option `retries`; without an id,
 * again once the connection is back if the ack was lost with it; without an ack.
 */
export const SENDS = ['id', 'retries', 'plain', 'quiet'];

export class Person {
  #random;
  #ledger;
  #chronicle;
  #since; // when it was connected last
  #multi;
  #entering = new Set(); // rooms whose join is on its way
  #count = 0;
  #stopped = false;

  constructor({ name, url, habits, multi, random, ledger, chronicle }) {
    Object.assign(this, { name, habits });
    this.#random = random;
    this.#ledger = ledger;
    this.#chronicle = chronicle;
    this.#multi = multi;
    /** Every time in a room, the latest last. */
    this.memberships = [];
    /** All that was heard, in the order of hearing, over all rooms. */
    this.heard = [];
    /** Messages of rooms that this person was not in. */
    this.uninvited = [];
    /** Comings back, and what had been heard when each session began that was not taken up again. */
    this.returns = { recovered: 0, anew: [] };
    /** What became of its connection and rooms: {at, what}. */
    this.story = [];
    /** The room in which it stays to see who is in it, of those where gateways are several. */
    this.watches = undefined;
    /** Whether it stays where it is for the moment. */
    this.rests = false;
    /** Bad acks, by code. */
    this.refusals = {};

    this.socket = io(url, {
      forceNew: true,
      extraHeaders: { cookie: `token=${token(person(name), { expiresIn: '1d' })}` },
      ...(habits.transport === 'websocket' && { transports: ['websocket'] }),
      ...(habits.sends === 'retries' && { retries: 10_000, ackTimeout: ACK_TIMEOUT }),
    });
    this.socket.on('connect', () => this.#connected());
    this.socket.on('disconnect', (reason) => this.#notes(`lost (${reason})`));
    this.socket.on('connect_error', ({ message, description }) => this.#notes(`failed to connect (${message}${description?.message ? `: ${description.message}` : ''})`));
    this.socket.io.on('reconnect_attempt', () => this.#notes('tries to come back'));
    this.socket.on('receive_message', (message) => this.#hears(message));
  }

  /** The rooms that this person wants to be in. */
  get rooms() {
    return this.memberships.filter((membership) => membership.current).map(({ room }) => room);
  }

  /** Whether the person is in all of them, as far as it was told, and in no other. */
  get settled() {
    return this.socket.connected && this.#entering.size === 0 &&
      this.memberships.every(({ current, joined, left, gaps }) => (current ? joined < Infinity && gaps.at(-1)?.until !== Infinity : left < Infinity));
  }

  /** Wants to be in a room, and answers once it is. With JOIN_MODE=single that means to leave the one before. */
  async enter(room) {
    const before = this.#multi ? [] : this.memberships.filter((membership) => membership.current);
    for (const membership of before) this.#leaves(membership);
    this.memberships.push(new Membership(room));
    await this.#join(room);
    for (const membership of before) membership.hasLeft();
  }

  async leave(room) {
    const membership = this.#in(room);
    this.#leaves(membership);
    await this.#insist('leave_room', room, () => true, 'not_in_room'); // a new session is in no room
    membership.hasLeft();
  }

  /** Says something now and then, about every `pace` milliseconds, until stop is called. Answers when all of it was answered. */
  async talk(pace) {
    while (!this.#stopped) {
      await pause(this.#random.between(pace / 2, pace * 1.5));
      const ready = this.memberships.filter(({ current, joined }) => current && joined < Infinity);
      if (ready.length > 0 && !this.#stopped) await this.say(this.#random.pick(ready).room);
    }
  }

  /** Goes to another room now and then, about every `pace` milliseconds, until stop is called. */
  async move(pace, rooms) {
    while (!this.#stopped) {
      await pause(this.#random.between(pace / 2, pace * 1.5));
      if (this.#stopped || this.rests || this.#entering.size > 0) continue;
      const [oldest] = this.rooms;
      const others = rooms.filter((room) => !this.rooms.includes(room));
      if (this.#multi) await this.leave(oldest);
      await this.enter(this.#random.pick(others));
    }
  }

  stop() {
    this.#stopped = true;
  }

  async say(room) {
    const message = this.#ledger.said(this.name, room, this.#count++);
    const payload = { roomId: room, text: message.text };
    switch (this.habits.sends) {
      case 'quiet':
        return void this.socket.emit('send_message', payload);
      case 'plain':
        return this.#sayWithoutID(message, payload);
      default:
        return this.#sayWithID(message, { ...payload, tempId: message.text });
    }
  }

  /** An app that gives its messages an id sends one again until it knows that it is stored. */
  async #sayWithID(message, payload) {
    const wanted = () => this.#in(message.room) && performance.now() - message.said < RESENDS;
    const answer = await this.#insist('send_message', payload, wanted);
    if (answer) this.#ledger.acked(message, answer.message);
  }

  /** An app that gives them none sends again what was under way when the connection broke, unless it sees it in the room. */
  async #sayWithoutID(message, payload) {
    for (;;) {
      try {
        const answer = await this.socket.emitWithAck('send_message', payload);
        if (answer.ok) this.#ledger.acked(message, answer.message);
        else this.#refused(answer);
        return;
      } catch {
        const recovered = await this.#back();
        if (!recovered || this.heard.lastIndexOf(message) >= 0) return; // the page looks into the history instead
      }
    }
  }

  /** Whether the session was recovered when the connection was back. */
  #back() {
    return new Promise((resolve) => this.socket.once('connect', () => resolve(this.socket.recovered)));
  }

  /** Asks until the answer is good, or of a code that is as good, for as long as it is wanted. */
  async #insist(event, argument, wanted, asGood) {
    while (wanted()) {
      try {
        const answer = await this.#ask(event, argument);
        if (answer.ok || answer.code === asGood) return answer;
        this.#refused(answer);
        await pause(200);
      } catch {
        // No answer came, for the connection was lost or the gateway is busy.
      }
    }
  }

  #ask(event, argument) {
    // With the option `retries` the client itself has a time-out and a queue.
    return (this.habits.sends === 'retries' ? this.socket : this.socket.timeout(ANSWER)).emitWithAck(event, argument);
  }

  #refused({ code }) {
    this.refusals[code] = (this.refusals[code] ?? 0) + 1;
  }

  async #join(room) {
    if (this.#entering.has(room)) return;
    this.#entering.add(room);
    if (await this.#insist('join_room', room, () => this.#in(room))) {
      this.#notes(`in ${room}`);
      this.#in(room)?.letIn();
    }
    this.#entering.delete(room);
  }

  #connected() {
    this.#since = performance.now();
    const lost = this.story.findLast(({ what }) => what.startsWith('lost'));
    if (lost) this.#chronicle?.cameBack(this.#since - lost.at);
    this.#notes(this.socket.recovered ? 'recovered' : 'connected');
    if (this.memberships.length === 0) return;
    const { recovered } = this.socket;
    if (this.memberships.some(({ joined, left }) => joined < Infinity && left === Infinity)) {
      if (recovered) this.returns.recovered++;
      else {
        this.returns.anew.push(this.heard.length);
        this.#chronicle?.beganAnew(this.name, this.story.slice(-3).map(({ what }) => what).join(', '));
      }
    }
    for (const membership of this.memberships) membership.connects(recovered);
    if (this.habits.joins === 'always' || !recovered) for (const room of this.rooms) void this.#join(room);
  }

  #leaves(membership) {
    membership.leaves();
    this.#notes(`leaves ${membership.room}`);
  }

  #notes(what) {
    this.story.push({ at: performance.now(), what });
  }

  #hears(received) {
    const message = this.#ledger.told(received);
    if (!message) return;
    this.#chronicle?.heard(message, this.#since);
    this.heard.push(message);
    const membership = this.memberships.findLast(({ room, left }) => room === message.room && left === Infinity);
    if (membership) membership.heard.push(message);
    else this.uninvited.push(message);
  }

  /** The person's present time in a room. */
  #in(room) {
    return this.memberships.findLast((membership) => membership.room === room && membership.current);
  }
}
