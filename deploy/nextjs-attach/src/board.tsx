'use client';

import { useEffect, useRef, useState } from 'react';
import { type Socket, io } from 'socket.io-client';
import { post } from './app/actions';
import type { FromPage, Post, ToPage } from './events';

type Seen = Post & { readers: string[]; reactions: string[] };

export function Board({ name }: { name: string }) {
  const [posts, setPosts] = useState<Seen[]>([]);
  const [typing, setTyping] = useState('');
  const [disconnects, setDisconnects] = useState(0);
  const [connected, setConnected] = useState(false);
  const socket = useRef<Socket<ToPage, FromPage>>(null);

  useEffect(() => {
    const mine: Socket<ToPage, FromPage> = io({ auth: { name } });
    socket.current = mine;
    const change = (id: string, how: (seen: Seen) => Seen) => setPosts((all) => all.map((one) => (one.id === id ? how(one) : one)));
    mine.on('connect', () => setConnected(true));
    mine.on('disconnect', () => {
      setConnected(false);
      setDisconnects((count) => count + 1);
    });
    mine.on('posted', (one) => {
      setPosts((all) => [...all, { ...one, readers: [], reactions: [] }]);
      setTyping('');
      mine.emit('read', one.id);
    });
    mine.on('typing', setTyping);
    mine.on('read', (id, reader) => change(id, (one) => ({ ...one, readers: [...new Set([...one.readers, reader])] })));
    mine.on('reacted', (id, by, emoji) => change(id, (one) => ({ ...one, reactions: [...one.reactions, `${emoji} ${by}`] })));
    return () => {
      mine.disconnect();
    };
  }, [name]);

  return (
    <main data-connected={connected} data-disconnects={disconnects}>
      <h1>Board of {name}</h1>
      <ul>
        {posts.map(({ id, name: by, text, readers, reactions }) => (
          <li key={id}>
            <b>{by}</b> {text} <small>read by {readers.join(', ') || 'nobody'}</small>{' '}
            <button type="button" onClick={() => socket.current?.emit('react', id, '👍')}>👍</button> {reactions.join(' ')}
          </li>
        ))}
      </ul>
      <form action={async (form) => post(name, String(form.get('text')))}>
        <input name="text" aria-label="Text" onInput={() => socket.current?.emit('typing')} />
        <button type="submit">Post</button>
      </form>
      <p role="status">{typing && `${typing} is typing…`}</p>
    </main>
  );
}
