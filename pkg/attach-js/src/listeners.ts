import type { EventEmitter } from "node:events";

/**
 * Where an emitter keeps its listeners. Node begins with an object that is a hash table from the start; one by this constructor
 * takes a quarter of that for the same few events on each of many thousand emitters.
 */
function Listeners(this: object): void {}
Listeners.prototype = Object.create(null);

interface Emitter {
  _events?: Listening;
}

export type Listening = Record<string, unknown>;

/** Has the emitter go on with such an object, with the listeners that it has. */
export function keepFew(emitter: EventEmitter): void {
  const before = (emitter as Emitter)._events;
  if (before) (emitter as Emitter)._events = Object.assign(fewListeners(), before);
}

export function fewListeners(): Listening {
  return new (Listeners as unknown as new () => Listening)();
}
