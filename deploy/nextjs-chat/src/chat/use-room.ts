'use client';

import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { leaveForLogin, useConnection } from './connection';
import { type Draft, change } from './conversation';
import { keep, kept } from './kept';
import type { Member, Message } from './message';

const ACK = 10_000; // milliseconds; the gateway answers within its DATABASE_TIMEOUT
const PAGE = 50; // messages in one answer of the history
const MEMBERS = 1000; // the gateway's MEMBERS_LIMIT: a list as long may leave somebody out
const OVERLAP = 10_000; // milliseconds fetched again, for gateways whose clocks differ

type Heard = Message & { user: { username: string }; tempId?: string };
type Ack = { ok: true; members: Member[]; message: Heard } | { ok: false; code: string; error: string };

const EXCUSES: Record<string, string> = {
  rate_limited: 'Too fast, try again in a moment',
  too_large: 'Too long',
  unavailable: 'Could not be saved',
  not_in_room: 'Not delivered',
  bad_request: 'Not taken: is the room still there?',
};

const plain = ({ id, text, userId, roomId, createdAt, user }: Heard): Message => ({ id, text, userId, roomId, createdAt, username: user.username });

/**
 * A room as its member sees it: joined once, and complete whenever it is joined. After a lost connection the gateway puts the
 * socket back into its room and sends what it missed, in order; only where it can't (`recovered` is false) the history must help.
 */
export function useRoom(roomId: string, initial: Message[], onHeard: (message: Message) => void) {
  const { socket, me } = useConnection();
  const [conversation, dispatch] = useReducer(change, { messages: initial, drafts: [] });
  const [members, setMembers] = useState<Member[]>([]);
  const [joined, setJoined] = useState(false);
  const [forbidden, setForbidden] = useState(false);
  const [complete, setComplete] = useState(initial.length < PAGE);

  // Up to here nothing is missing. It stands still from a disconnect until the room is whole again.
  const unbroken = useRef(initial.at(-1)?.createdAt);
  const latest = conversation.messages.at(-1)?.createdAt;
  useEffect(() => {
    if (joined) unbroken.current = latest;
  }, [joined, latest]);

  const fetchHistory = useCallback(async (query: Record<string, string>, signal?: AbortSignal): Promise<Message[]> => {
    const response = await fetch(`/api/rooms/${roomId}/messages?${new URLSearchParams(query)}`, { signal });
    if (response.status === 401) leaveForLogin();
    if (!response.ok) throw new Error(`the history answered ${response.status}`);
    const { messages } = (await response.json()) as { messages: Message[] };
    dispatch({ type: 'fetched', messages, me: me.userId });
    return messages;
  }, [roomId, me.userId]);

  /** Fetches all that was said since the conversation was last known to be whole. */
  const catchUp = useCallback(async (signal?: AbortSignal) => {
    let since = new Date(Math.max(0, Date.parse(unbroken.current ?? '1970') - OVERLAP)).toISOString();
    for (;;) {
      const page = await fetchHistory({ since }, signal);
      const last = page.at(-1)?.createdAt;
      if (page.length < PAGE || !last || last === since) break;
      since = last;
    }
  }, [fetchHistory]);

  useEffect(() => {
    let visit: AbortController | undefined;
    let inside = false; // the gateway has this socket in the room, and nothing is missing

    // In this order: what is committed after the join is heard, what was committed before is in the history.
    const enter = async () => {
      visit?.abort();
      const { signal } = (visit = new AbortController());
      while (!signal.aborted) {
        try {
          const ack: Ack = await socket.timeout(ACK).emitWithAck('join_room', roomId);
          if (signal.aborted) return;
          if (!ack.ok && ack.code === 'forbidden') return setForbidden(true);
          if (!ack.ok) throw new Error(ack.error);
          // The cookie is somebody else's by now: nothing written here may go out in their name.
          if (ack.members.length < MEMBERS && !ack.members.some(({ userId }) => userId === me.userId)) return location.reload();
          setForbidden(false);
          setMembers(ack.members);
          await catchUp(signal);
          if (!signal.aborted) setJoined((inside = true));
          return;
        } catch {
          await pause(1_000, signal);
        }
      }
    };
    const onConnect = () => {
      if (inside && socket.recovered) return setJoined(true);
      inside = false;
      enter();
    };
    const onDisconnect = () => {
      visit?.abort();
      setJoined(false);
    };
    const onMessage = (heard: Heard) => {
      if (heard.roomId !== roomId) return;
      dispatch({ type: 'heard', message: plain(heard), key: heard.userId === me.userId ? heard.tempId : undefined });
      onHeard(plain(heard));
    };
    const onMembers = (list: Member[]) => setMembers(list);

    socket.on('connect', onConnect).on('disconnect', onDisconnect).on('receive_message', onMessage).on('room_members', onMembers);
    if (socket.connected) enter();
    return () => {
      visit?.abort();
      socket.off('connect', onConnect).off('disconnect', onDisconnect).off('receive_message', onMessage).off('room_members', onMembers);
      if (socket.connected || inside) socket.emit('leave_room', roomId); // buffered, or the socket would come back into it
    };
  }, [socket, roomId, me.userId, catchUp, onHeard]);

  const deliver = useCallback(async (key: string, text: string) => {
    dispatch({ type: 'became', key, state: 'sending' });
    try {
      const ack: Ack = await socket.timeout(ACK).emitWithAck('send_message', { roomId, text, tempId: key });
      if (ack.ok) dispatch({ type: 'heard', message: plain(ack.message), key });
      else dispatch({ type: 'became', key, state: 'failed', reason: EXCUSES[ack.code] ?? ack.error });
    } catch {
      dispatch({ type: 'became', key, state: 'unsure' }); // it goes out again: the gateway stores a tempId once
    }
  }, [socket, roomId]);

  // What was written without a connection goes out with the next one, in its order, though its author looked into another
  // room meanwhile, loaded the page again or had to log in again.
  const { drafts } = conversation;
  const place = `drafts ${me.userId} ${roomId}`;
  useEffect(() => dispatch({ type: 'restored', drafts: kept<Draft[]>(place) ?? [], me: me.userId }), [place, me.userId]);
  useEffect(() => keep(place, drafts), [place, drafts]);
  useEffect(() => {
    if (!joined) return;
    for (const { key, text, state } of drafts) if (state === 'waiting' || state === 'unsure') deliver(key, text);
  }, [joined, drafts, deliver]);

  const say = useCallback((text: string) => {
    dispatch({ type: 'said', draft: { key: crypto.getRandomValues(new Uint32Array(4)).join('-'), text, createdAt: new Date().toISOString(), state: 'waiting' } });
  }, []);
  const retry = useCallback((key: string) => dispatch({ type: 'became', key, state: 'waiting' }), []);
  const discard = useCallback((key: string) => dispatch({ type: 'discarded', key }), []);

  const first = conversation.messages[0]?.createdAt;
  const more = useCallback(async () => {
    if (first) setComplete((await fetchHistory({ before: first })).length < PAGE);
  }, [first, fetchHistory]);

  return { ...conversation, members, joined, forbidden, complete, say, retry, discard, more };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
