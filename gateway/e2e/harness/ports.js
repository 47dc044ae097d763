// Ports that a test keeps while nobody listens there.
import { randomInt } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Below what the kernel gives to whoever asks for any port, and below those of scripts/postgres, also by the 10,000 of a Redis Cluster's bus.
const FIRST = 11_000;
const COUNT = 5_000;

const marks = [];
process.on('exit', () => marks.forEach((mark) => rmSync(mark, { force: true })));

/**
 * A port for this process alone: what is ended and started again, a gateway or a Redis, finds it as it was. Other files of tests, and those in Go
 * (pkg/redisadapter/redistest), know by a mark in the temporary folder that it is taken.
 */
export async function freePort() {
  for (;;) {
    const port = FIRST + randomInt(COUNT);
    if (mark(port) && await nobodyListens(port)) return port;
  }
}

function mark(port) {
  const file = join(tmpdir(), `port-${port}`);
  try {
    writeFileSync(file, '', { flag: 'wx' });
  } catch (failure) {
    if (failure.code === 'EEXIST') return false;
    throw failure;
  }
  marks.push(file);
  return true;
}

function nobodyListens(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
