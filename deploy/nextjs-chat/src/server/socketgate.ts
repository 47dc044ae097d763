import 'server-only';

type Name = string | number;
export type Whom = { rooms?: Name[]; users?: Name[]; sockets?: Name[] };

/** Asks the gateway, at SOCKETGATE_URL with SOCKETGATE_KEY (its API_ADDR and API_KEY). Throws what it answers with a code: see its /api/openapi.json. */
async function ask<Answer = object>(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${process.env.SOCKETGATE_URL}/api/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.SOCKETGATE_KEY}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(`the gateway: ${answer.error}`), { code: answer.code });
  return answer;
}

type Members = { members: { userId: Name; username: string }[]; count: number };

/** What routes and Server Actions say through the sockets. */
export const socketgate = {
  emit: (event: string, args: unknown[], to: ({ to: Whom } | { all: true }) & { except?: Whom; volatile?: boolean }) => ask('emit', { event, args, ...to }),
  /** Sends as a user, or else as the system. What comes again under one key is one message. */
  send: <Row = Record<string, unknown>>(message: object, { as, key }: { as?: Name; key?: string } = {}) =>
    ask<{ message: Row }>('messages', { userId: as, message }, key ? { 'idempotency-key': key } : {}),
  members: (room: Name) => ask<Members>('members', { room }),
  online: (users?: Name[]) => ask<Members>('online', { users }),
  join: (to: Whom, rooms: Name[]) => ask('join', { to, rooms }),
  leave: (to: Whom, rooms: Name[]) => ask('leave', { to, rooms }),
  disconnect: (to: Whom) => ask('disconnect', { to }),
  revoke: (users: Name[]) => ask('revoke', { users }),
};
