'use client';

import { useRouter } from 'next/navigation';
import { type ReactNode, createContext, useContext, useEffect, useState } from 'react';
import { type Socket, io } from 'socket.io-client';
import { onOtherSession, tellOtherTabs } from '@/session-news';
import type { Member } from './message';

/** The page's one socket. Same origin, default path: the proxy in front sends /socket.io/ to the gateway. */
const socket: Socket = io({ autoConnect: false });

// A page that is taken down and put up again at once, as React and Next.js sometimes do, keeps its connection.
let parting: ReturnType<typeof setTimeout> | undefined;

// Whose cookie it was opened with. Another tab may have logged in as somebody else since.
let owner: string | undefined;

type Connection = { socket: Socket; connected: boolean; me: Member };

const Context = createContext<Connection | undefined>(undefined);

/** Keeps the socket connected while it is on the page, as the user of the cookie. */
export function ConnectionProvider({ me, children }: { me: Member; children: ReactNode }) {
  const [connected, setConnected] = useState(false);
  const router = useRouter();

  useEffect(() => {
    const onConnect = () => setConnected(true);
    const onDisconnect = () => setConnected(false);
    const onRefusal = (error: Error) => {
      if (error.message === 'Authentication error') leaveForLogin();
    };
    socket.on('connect', onConnect).on('disconnect', onDisconnect).on('connect_error', onRefusal);
    clearTimeout(parting);
    if (owner !== me.userId) socket.disconnect();
    owner = me.userId;
    setConnected(socket.connected);
    socket.connect();
    return () => {
      socket.off('connect', onConnect).off('disconnect', onDisconnect).off('connect_error', onRefusal);
      parting = setTimeout(() => socket.disconnect());
    };
  }, [me.userId]);

  // The page is asked for anew: it is whoever's the cookie is now, or leads to the login.
  useEffect(() => {
    tellOtherTabs(me.userId);
    return onOtherSession(me.userId, () => router.refresh());
  }, [router, me.userId]);

  return <Context value={{ socket, connected, me }}>{children}</Context>;
}

/** Leads to the login, and back here afterwards. By a whole new page: nothing of the session that has ended stays. */
export function leaveForLogin(): void {
  location.replace(`/login?${new URLSearchParams({ ended: '1', next: location.pathname })}`);
}

export function useConnection(): Connection {
  const connection = useContext(Context);
  if (!connection) throw new Error('useConnection outside of ConnectionProvider');
  return connection;
}
