'use server';

import { randomUUID } from 'node:crypto';
import { attachedServer } from '@socketgate/attach';
import type { Server } from 'socket.io';
import type { FromPage, ToPage } from '../events';

/** A Server Action tells everybody: it emits by the server that instrumentation.ts has attached. */
export async function post(name: string, text: string): Promise<void> {
  const io = attachedServer<Server<FromPage, ToPage>>();
  io.to('board').emit('posted', { id: randomUUID(), name: String(name).slice(0, 40), text: String(text).slice(0, 2000) });
}
