'use client';

import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useConnection } from './connection';
import { Send } from './icons';
import { keep, kept } from './kept';
import { MAX_TEXT } from './message';

/** Where messages are written: Enter sends, Shift and Enter begin a line. What is not finished is kept. */
export function Composer({ roomId, name, onSay }: { roomId: string; name: string; onSay: (text: string) => void }) {
  const { me } = useConnection();
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus(); // a phone would open its keyboard
  }, []);

  const place = `text ${me.userId} ${roomId}`;
  useEffect(() => {
    const before = kept<string>(place);
    if (before) setText(before);
  }, [place]);
  useEffect(() => keep(place, text), [place, text]);

  const send = (event?: FormEvent) => {
    event?.preventDefault();
    field.current?.focus();
    if (!text.trim()) return;
    onSay(text.trim());
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form className="composer" onSubmit={send}>
      <label className="hidden" htmlFor="text">Message to {name}</label>
      <textarea id="text" ref={field} rows={1} value={text} maxLength={MAX_TEXT} placeholder={`Message ${name}`} autoComplete="off" dir="auto"
        onChange={(event) => setText(event.target.value)} onKeyDown={onKeyDown} />
      <button type="submit" className="send" aria-label="Send" disabled={!text.trim()}><Send /></button>
    </form>
  );
}
