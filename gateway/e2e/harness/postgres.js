// A Postgres of a test's own, which may be stopped, crashed and frozen.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { later } from './test.js';

const postgres = (...args) => promisify(execFile)(fileURLToPath(new URL('../../../scripts/postgres', import.meta.url)), args);

export async function ownPostgres(t) {
  const folder = await mkdtemp(path(tmpdir(), 'postgres-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  later(t, () => postgres('crash', folder));
  const { stdout } = await postgres('start', folder);
  return {
    url: stdout.trim(),
    start: () => postgres('start', folder),
    stop: () => postgres('stop', folder),
    crash: () => postgres('crash', folder),
    async signal(name) {
      const postmaster = Number((await readFile(path(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
      const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
      for (const pid of [postmaster, ...children.trim().split(' ').map(Number)]) process.kill(pid, name);
    },
  };
}
