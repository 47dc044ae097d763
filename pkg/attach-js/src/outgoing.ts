import { newlyDefining } from "./classes";
import type { InnerNamespace, InnerSocket } from "./internals";

const listening = new WeakSet<InnerNamespace>();
const watched = new WeakSet<object>();
const METHODS = ["onAnyOutgoing", "prependAnyOutgoing"];

/** Whether any socket of the namespace was ever given a listener for what goes out. */
export function listensToOutgoing(namespace: InnerNamespace): boolean {
  return listening.has(namespace);
}

/** Notes from now on who listens to what goes out, on all sockets of this socket's class. */
export function watchOutgoing(socket: InnerSocket): void {
  const made = newlyDefining("onAnyOutgoing", socket, watched);
  if (!made) return;
  for (const name of METHODS) {
    const methods = made as Record<string, (this: InnerSocket, ...args: unknown[]) => unknown>;
    const original = methods[name]!;
    methods[name] = function (...args) {
      listening.add(this.nsp);
      return original.apply(this, args);
    };
  }
}
