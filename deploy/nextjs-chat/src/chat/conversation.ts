import type { Message } from './message';

/**
 * What I said and the room has not heard yet. `waiting` for the connection, `sending` until the ack, `unsure` when the
 * connection went before the ack came (then it is sent again, unless the history has it), `failed` when it is up to me.
 */
export type Draft = {
  key: string;
  text: string;
  createdAt: string;
  state: 'waiting' | 'sending' | 'unsure' | 'failed';
  reason?: string;
};

export type Conversation = { messages: Message[]; drafts: Draft[] };

export type Change =
  | { type: 'heard'; message: Message; key?: string }
  | { type: 'fetched'; messages: Message[]; me: string }
  | { type: 'said'; draft: Draft }
  | { type: 'restored'; drafts: Draft[]; me: string }
  | { type: 'became'; key: string; state: Draft['state']; reason?: string }
  | { type: 'discarded'; key: string };

const CLOCKS = 10_000; // milliseconds by which this clock may be ahead of the gateway's

const earlier = (a: Message, b: Message) => (a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id) ? -1 : 1);

function merge(known: Message[], more: Message[]): Message[] {
  const ids = new Set(known.map(({ id }) => id));
  const fresh = more.filter(({ id }) => !ids.has(id));
  return fresh.length === 0 ? known : [...known, ...fresh].sort(earlier);
}

/** Drafts whose ack was lost, minus those that turn out to be stored: a row for each, by its text. */
function stillMissing(drafts: Draft[], fresh: Message[], me: string): Draft[] {
  const stored = fresh.filter(({ userId }) => userId === me).map(({ text }) => text);
  return drafts.filter((draft) => {
    if (draft.state !== 'unsure') return true;
    const found = stored.indexOf(draft.text);
    if (found >= 0) stored.splice(found, 1);
    return found < 0;
  });
}

/** Drafts of an earlier visit to the room, as far as they are not among its messages. */
function resumed(drafts: Draft[], messages: Message[], me: string): Draft[] {
  const first = Math.min(...drafts.map(({ createdAt }) => Date.parse(createdAt)));
  const fresh = messages.filter(({ createdAt }) => Date.parse(createdAt) >= first - CLOCKS);
  return stillMissing(drafts.map((draft) => (draft.state === 'sending' ? { ...draft, state: 'unsure' } : draft)), fresh, me);
}

export function change({ messages, drafts }: Conversation, action: Change): Conversation {
  switch (action.type) {
    case 'heard':
      return { messages: merge(messages, [action.message]), drafts: drafts.filter(({ key }) => key !== action.key) };
    case 'fetched': {
      const ids = new Set(messages.map(({ id }) => id));
      const fresh = action.messages.filter(({ id }) => !ids.has(id));
      return { messages: merge(messages, fresh), drafts: stillMissing(drafts, fresh, action.me) };
    }
    case 'said':
      return { messages, drafts: [...drafts, action.draft] };
    case 'restored':
      return { messages, drafts: [...resumed(action.drafts, messages, action.me), ...drafts] };
    case 'became':
      return {
        messages,
        drafts: drafts.map((draft) => (draft.key === action.key ? { ...draft, state: action.state, reason: action.reason } : draft)),
      };
    case 'discarded':
      return { messages, drafts: drafts.filter(({ key }) => key !== action.key) };
  }
}
