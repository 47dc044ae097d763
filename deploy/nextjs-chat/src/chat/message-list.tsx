'use client';

import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Avatar } from './avatar';
import { Time, day, useHydrated } from './clock';
import type { Draft } from './conversation';
import { Down } from './icons';
import type { Message } from './message';

const TOGETHER = 5 * 60 * 1000; // milliseconds between messages that stand in one group

type Group = { userId: string; username: string; messages: Message[] };

function grouped(messages: Message[]): Group[] {
  const groups: Group[] = [];
  for (const message of messages) {
    const group = groups.at(-1);
    const before = group?.messages.at(-1);
    const near = before && Date.parse(message.createdAt) - Date.parse(before.createdAt) < TOGETHER && day(before.createdAt) === day(message.createdAt);
    if (near && group?.userId === message.userId) group.messages.push(message);
    else groups.push({ userId: message.userId, username: message.username, messages: [message] });
  }
  return groups;
}

/** Text with its web addresses as links. */
function linked(text: string): ReactNode[] {
  return text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'])/).map((part, index) =>
    index % 2 === 1 ? <a key={index} href={part} target="_blank" rel="noopener noreferrer nofollow">{part}</a> : part);
}

type Props = {
  messages: Message[];
  drafts: Draft[];
  me: string;
  joined: boolean;
  complete: boolean;
  onMore: () => Promise<void>;
  onRetry: (key: string) => void;
  onDiscard: (key: string) => void;
  empty: ReactNode;
};

/** What was said, by author and day, at its end unless the reader scrolls away from it. */
export function MessageList({ messages, drafts, me, joined, complete, onMore, onRetry, onDiscard, empty }: Props) {
  const hydrated = useHydrated();
  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const [loading, setLoading] = useState(false);
  const [unseen, setUnseen] = useState(0);

  // The column is reversed (chat.css), so that 0 is the end and what is put before the first message moves nothing.
  const toEnd = () => scroller.current?.scrollTo({ top: 0 });
  const onScroll = () => {
    const isAway = (scroller.current?.scrollTop ?? 0) < -120;
    setAway(isAway);
    if (!isAway) setUnseen(0);
  };

  const last = messages.at(-1);
  // What comes at the end does not move what is being read.
  const shown = useRef({ last: last?.id, height: 0 });
  useLayoutEffect(() => {
    const { scrollHeight: height } = scroller.current!;
    if (away && last?.id !== shown.current.last) scroller.current!.scrollTop -= height - shown.current.height;
    shown.current = { last: last?.id, height };
  });
  const awayNow = useRef(away);
  awayNow.current = away;
  useEffect(() => {
    if (awayNow.current && last && last.userId !== me) setUnseen((count) => count + 1);
  }, [last?.id]);
  useEffect(() => {
    if (drafts.length > 0) toEnd();
  }, [drafts.length]);

  const more = async () => {
    setLoading(true);
    await onMore().catch(() => {});
    setLoading(false);
  };

  const groups = grouped(messages);
  return (
    <div className="messages">
      <div className="scroller" ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label="Messages" aria-live="polite">
        <div className="thread">
          {!complete && (
            <button type="button" className="quiet more" onClick={more} disabled={loading}>
              {loading ? 'Loading…' : 'Earlier messages'}
            </button>
          )}
          {messages.length + drafts.length === 0 && empty}
          {groups.map((group, index) => {
            const first = group.messages[0]!;
            const date = hydrated ? day(first.createdAt) : '';
            const before = groups[index - 1]?.messages[0];
            const newDay = hydrated && (!before || day(before.createdAt) !== date);
            const mine = group.userId === me;
            return (
              <div key={first.id} className={mine ? 'group mine' : 'group'} role="group" aria-label={mine ? 'You' : group.username}>
                {newDay && <h2 className="day"><span>{date}</span></h2>}
                {!mine && <Avatar name={group.username} />}
                <div className="said">
                  <p className="author">{mine ? <span className="hidden">You</span> : <b>{group.username}</b>} <Time at={first.createdAt} /></p>
                  {group.messages.map((message) => (
                    <p key={message.id} className="bubble" dir="auto" data-id={message.id} title={hydrated ? new Date(message.createdAt).toLocaleTimeString() : undefined}>
                      {message.unreadable ? <em>This message can’t be decrypted.</em> : linked(message.text)}
                    </p>
                  ))}
                </div>
              </div>
            );
          })}
          {drafts.length > 0 && (
            <div className="group mine" role="group" aria-label="You, not sent yet">
              <div className="said">
                {drafts.map((draft) => <DraftBubble key={draft.key} draft={draft} joined={joined} onRetry={onRetry} onDiscard={onDiscard} />)}
              </div>
            </div>
          )}
        </div>
      </div>
      {away && (
        <button type="button" className="to-end" onClick={toEnd}>
          <Down /> {unseen > 0 ? `${unseen} new` : 'Latest'}
        </button>
      )}
    </div>
  );
}

function DraftBubble({ draft, joined, onRetry, onDiscard }: { draft: Draft; joined: boolean; onRetry: (key: string) => void; onDiscard: (key: string) => void }) {
  const failed = draft.state === 'failed';
  return (
    <>
      <p className="bubble draft" dir="auto" data-state={draft.state}>{linked(draft.text)}</p>
      <p className="fate" role={failed ? 'alert' : undefined}>
        {failed ? (
          <>
            <span>{draft.reason ?? 'Not delivered'}</span>
            <button type="button" className="quiet" onClick={() => onRetry(draft.key)} disabled={!joined}>Try again</button>
            <button type="button" className="quiet" onClick={() => onDiscard(draft.key)}>Discard</button>
          </>
        ) : draft.state === 'waiting' && !joined ? 'Will be sent when you’re connected' : 'Sending…'}
      </p>
    </>
  );
}
