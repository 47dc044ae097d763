import type { Metadata, Viewport } from 'next';
import { connection } from 'next/server';
import type { ReactNode } from 'react';
import './base.css';

export const metadata: Metadata = {
  title: { default: 'Parlour', template: '%s · Parlour' },
  description: 'Rooms to talk in.',
};

export const viewport: Viewport = {
  colorScheme: 'light dark',
  interactiveWidget: 'resizes-content',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f5f3ee' },
    { media: '(prefers-color-scheme: dark)', color: '#161714' },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  await connection(); // a page that was made at build time has no nonce: its scripts would not run
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
