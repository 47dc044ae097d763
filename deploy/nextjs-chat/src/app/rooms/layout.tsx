import type { ReactNode } from 'react';
import { logout } from '@/app/(entrance)/actions';
import { Avatar } from '@/chat/avatar';
import { ConnectionProvider } from '@/chat/connection';
import { Leave } from '@/chat/icons';
import { RoomList, RoomNewsProvider } from '@/chat/room-list';
import { rooms } from '@/server/history';
import { requireUser } from '@/server/session';
import { Brand } from '../brand';
import './chat.css';

export default async function RoomsLayout({ children }: { children: ReactNode }) {
  const me = await requireUser();
  return (
    <ConnectionProvider key={me.userId} me={me}>
      <RoomNewsProvider>
        <div className="shell">
          <nav className="sidebar" aria-label="Rooms">
            <Brand />
            <RoomList rooms={await rooms()} />
            <form action={logout} className="account">
              <Avatar name={me.username} />
              <span className="name">{me.username}</span>
              <button type="submit" className="icon-button" aria-label="Log out" title="Log out"><Leave /></button>
            </form>
          </nav>
          {children}
        </div>
      </RoomNewsProvider>
    </ConnectionProvider>
  );
}
