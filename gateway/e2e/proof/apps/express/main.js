// Express with sessions that its sockets share, by io.engine.use. They are kept in a file, as a deploy asks of any app.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { attach } from '@socketgate/attach';
import express from 'express';
import session from 'express-session';
import { Server } from 'socket.io';

class FileStore extends session.Store {
  #all() {
    try {
      return JSON.parse(readFileSync(process.env.SESSIONS, 'utf8'));
    } catch {
      return {}; // none yet
    }
  }

  get(id, answer) {
    answer(null, this.#all()[id]);
  }

  set(id, one, answer) {
    writeFileSync(process.env.SESSIONS, JSON.stringify({ ...this.#all(), [id]: one }));
    answer?.(null);
  }

  destroy(id, answer) {
    const { [id]: _, ...others } = this.#all();
    writeFileSync(process.env.SESSIONS, JSON.stringify(others));
    answer?.(null);
  }
}

const sessions = session({ secret: 'proof', resave: false, saveUninitialized: false, store: new FileStore() });
const app = express();
const server = createServer(app);
const io = new Server(server);
attach(io);

app.use(sessions);
app.post('/login/:name', (req, res) => {
  req.session.name = req.params.name;
  res.sendStatus(204);
});
app.post('/shout/:text', (req, res) => {
  io.to(req.session.id).emit('shouted', req.session.name, req.params.text);
  res.sendStatus(204);
});
app.post('/logout', (req, res) => {
  const { id } = req.session;
  req.session.destroy(() => {
    io.in(id).disconnectSockets();
    res.sendStatus(204);
  });
});

io.engine.use(sessions);
io.use((socket, next) => (socket.request.session.name ? next() : next(new Error('log in first'))));
io.on('connection', (socket) => {
  const { request } = socket;
  socket.join(request.session.id);
  socket.on('count', (answer) => request.session.reload((failure) => {
    if (failure) return socket.disconnect();
    const { session } = request; // a new one
    session.visits = (session.visits ?? 0) + 1;
    session.save(() => answer(session.name, session.visits));
  }));
});

server.listen(Number(process.env.PORT), '127.0.0.1');
