import type { ReactNode } from 'react';
import { Brand } from '../brand';
import './entrance.css';

export default function EntranceLayout({ children }: { children: ReactNode }) {
  return (
    <main className="entrance">
      <div className="card">
        <Brand />
        {children}
      </div>
      <p className="fine-print">Messages are encrypted before they are stored.</p>
    </main>
  );
}
