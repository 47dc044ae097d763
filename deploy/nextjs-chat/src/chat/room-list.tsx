'use client';

import Link from 'next/link';
import { useParams } from 'next/navigation';
import { type ReactNode, createContext, useActionState, useCallback, useContext, useEffect, useState } from 'react';
import { createRoom } from '@/app/rooms/actions';
import { Avatar } from './avatar';
import { Time } from './clock';
import { useConnection } from './connection';
import { Plus } from './icons';
import type { Message, RoomSummary } from './message';

type News = Record<string, Message>;

const Context = createContext<{ news: News; tell: (message: Message) => void }>({ news: {}, tell: () => {} });

/** What was heard since the list of rooms was made. */
export function RoomNewsProvider({ children }: { children: ReactNode }) {
  const [news, setNews] = useState<News>({});
  const tell = useCallback((message: Message) => setNews((known) => ({ ...known, [message.roomId]: message })), []);
  return <Context value={{ news, tell }}>{children}</Context>;
}

export function useRoomNews() {
  return useContext(Context).tell;
}

/**
 * The rooms as the page was made with them, and fresh whenever one is opened or the reader comes back to the page. Not by router.refresh(): where the
 * web app does not answer, because it is being deployed, that gives up the page with all that is on it.
 */
function useRooms(made: RoomSummary[]): RoomSummary[] {
  const { socket } = useConnection();
  const [rooms, setRooms] = useState(made);
  useEffect(() => setRooms(made), [made]);
  useEffect(() => {
    const refresh = async () => {
      if (document.visibilityState !== 'visible') return;
      const response = await fetch('/api/rooms').catch(() => undefined);
      if (response?.ok) setRooms(((await response.json()) as { rooms: RoomSummary[] }).rooms);
    };
    socket.on('rooms_changed', refresh); // by createRoom, through the gateway
    document.addEventListener('visibilitychange', refresh);
    addEventListener('focus', refresh);
    return () => {
      socket.off('rooms_changed', refresh);
      document.removeEventListener('visibilitychange', refresh);
      removeEventListener('focus', refresh);
    };
  }, [socket]);
  return rooms;
}

/** All rooms, the liveliest first, and a way to open a new one. */
export function RoomList({ rooms }: { rooms: RoomSummary[] }) {
  const { me } = useConnection();
  const { news } = useContext(Context);
  const { roomId } = useParams<{ roomId?: string }>();

  const current = useRooms(rooms)
    .map((room) => {
      const heard = news[room.id];
      const last = heard && (!room.last || heard.createdAt > room.last.createdAt) ? heard : room.last;
      return { ...room, last, at: last?.createdAt ?? room.createdAt };
    })
    .sort((a, b) => (a.at < b.at ? 1 : -1));

  return (
    <>
      <NewRoom />
      {current.length === 0 && <p className="hint">No rooms yet. Open the first one.</p>}
      <ul className="room-list">
        {current.map(({ id, name, last, at }) => (
          <li key={id}>
            <Link href={`/rooms/${id}`} aria-current={id === roomId ? 'page' : undefined} prefetch={false}>
              <Avatar name={name} of="room" />
              <span className="name"><bdi>{name}</bdi></span>
              <Time at={at} short />
              <span className="preview">
                {last ? <>{last.userId === me.userId ? 'You' : last.username}: <bdi>{last.unreadable ? '…' : last.text}</bdi></> : 'No messages yet'}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function NewRoom() {
  const [naming, create, creating] = useActionState(createRoom, {});
  return (
    <form action={create} className="new-room">
      <label className="hidden" htmlFor="room-name">Name of a new room</label>
      <input id="room-name" name="name" placeholder="New room" maxLength={60} required defaultValue={naming.name} autoComplete="off" aria-describedby="room-name-error" />
      <button type="submit" className="icon-button" aria-label="Create room" disabled={creating}><Plus /></button>
      <p id="room-name-error" className="problem" role="alert">{naming.error}</p>
    </form>
  );
}
