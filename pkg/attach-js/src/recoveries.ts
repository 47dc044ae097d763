import type { KeptSession } from "./recovery";
import { afterTurns } from "./turns";

const WAIT = 2; // seconds: another process may have to be done with the socket first

/** Questions for sockets that clients come back for, until the gateway has answered. */
export class Recoveries {
  private last = 0;
  private readonly open = new Map<number, (session?: KeptSession) => void>();

  /** Asks by a number of its own. Who gets no answer begins anew. */
  ask(send: (request: number) => void): Promise<KeptSession | undefined> {
    const request = ++this.last;
    send(request);
    return new Promise((resolve) => {
      const answered = afterTurns(WAIT, () => this.answer(request));
      this.open.set(request, (session) => (answered(), resolve(session)));
    });
  }

  answer(request: number, session?: KeptSession): void {
    this.open.get(request)?.(session);
    this.open.delete(request);
  }

  /** No answer will come. */
  end(): void {
    for (const request of [...this.open.keys()]) this.answer(request);
  }
}
