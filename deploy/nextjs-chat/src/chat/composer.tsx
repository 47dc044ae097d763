'use client';

import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Send } from './icons';
import { MAX_TEXT } from './message';

/** Where messages are written: Enter sends, Shift and Enter begin a line. */
export function Composer({ room, onSay }: { room: string; onSay: (text: string) => void }) {
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus(); // a phone would open its keyboard
  }, []);

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
      <label className="hidden" htmlFor="text">Message to {room}</label>
      <textarea id="text" ref={field} rows={1} value={text} maxLength={MAX_TEXT} placeholder={`Message ${room}`} autoComplete="off"
        onChange={(event) => setText(event.target.value)} onKeyDown={onKeyDown} />
      <button type="submit" className="send" aria-label="Send" disabled={!text.trim()}><Send /></button>
    </form>
  );
}
