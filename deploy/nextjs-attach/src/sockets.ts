import { attach } from '@socketgate/attach';
import { Server } from 'socket.io';
import type { FromPage, ToPage } from './events';

const io = new Server<FromPage, ToPage>();
attach(io);

io.use((socket, next) => {
  const { name } = socket.handshake.auth;
  if (typeof name !== 'string' || name.length < 1 || name.length > 40) return next(new Error('say who you are'));
  socket.data.name ??= name;
  next();
});

io.on('connection', (socket) => {
  const { name } = socket.data;
  socket.join('board');
  if (!socket.recovered) socket.to('board').emit('came', name); // not again after a deploy
  socket.on('typing', () => socket.volatile.to('board').emit('typing', name));
  socket.on('read', (id) => io.to('board').emit('read', String(id), name));
  socket.on('react', (id, emoji) => io.to('board').emit('reacted', String(id), name, String(emoji).slice(0, 8)));
});
