'use client';

import Link from 'next/link';
import { useEffect, useState } from 'react';
import { Avatar } from './avatar';
import { Composer } from './composer';
import { useConnection } from './connection';
import { Back, People } from './icons';
import { MemberList } from './member-list';
import type { Message } from './message';
import { MessageList } from './message-list';
import { useRoomNews } from './room-list';
import { useRoom } from './use-room';

export function Room({ id, name, initial }: { id: string; name: string; initial: Message[] }) {
  const { connected, me } = useConnection();
  const { messages, drafts, members, joined, forbidden, complete, say, retry, discard, more } = useRoom(id, initial, useRoomNews());
  const [showMembers, setShowMembers] = useState(false);

  useEffect(() => {
    if (!showMembers) return;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setShowMembers(false);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [showMembers]);

  return (
    <main className="room" data-joined={joined}>
      <header className="bar">
        <Link href="/rooms" className="icon-button back" aria-label="All rooms"><Back /></Link>
        <Avatar name={name} of="room" />
        <div className="title">
          <h1><bdi>{name}</bdi></h1>
          <p className="status" role="status" data-state={joined ? 'live' : 'connecting'}>
            {forbidden ? 'Closed to you' : joined ? `${members.length} here now` : connected ? 'Joining…' : 'Connecting…'}
          </p>
        </div>
        <button type="button" className="icon-button people" aria-label="Who is here" aria-expanded={showMembers} aria-controls="members"
          onClick={() => setShowMembers(!showMembers)}><People /></button>
      </header>
      {forbidden ? (
        <div className="empty"><h2>You may not join this room</h2><p>Ask somebody inside to let you in.</p></div>
      ) : (
        <>
          <MessageList messages={messages} drafts={drafts} me={me.userId} joined={joined} complete={complete} onMore={more} onRetry={retry} onDiscard={discard}
            empty={<div className="empty"><h2>It’s quiet in <bdi>{name}</bdi></h2><p>Nobody has said anything yet. Go first.</p></div>} />
          <Composer roomId={id} name={name} onSay={say} />
        </>
      )}
      {showMembers && <button type="button" className="scrim" aria-label="Close" onClick={() => setShowMembers(false)} />}
      <MemberList members={members} me={me.userId} open={showMembers} stale={!joined} />
    </main>
  );
}
