// Installs and builds the sample app, unless that is done and nothing has changed since. `node nextjs-build.js` does it
// ahead of the tests, so that they need not wait.
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the app. */
export const APP = fileURLToPath(new URL('../../../deploy/nextjs-chat', import.meta.url));

const GENERATED = ['node_modules', '.next', 'generated', 'next-env.d.ts', 'tsconfig.tsbuildinfo'];

let built;

/** Resolves when the app can be started. */
export function buildApp() {
  return (built ??= install().then(build));
}

async function install() {
  if (await modified(join(APP, 'node_modules/.package-lock.json')) >= await modified(join(APP, 'package-lock.json'))) return;
  await npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
}

async function build() {
  if (await modified(join(APP, '.next/BUILD_ID')) > await newest(APP)) return;
  await npm('run', 'build');
}

async function npm(...args) {
  const env = {
    ...process.env,
    NODE_ENV: '', // npm leaves half of the packages out in production
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, // never run by `prisma generate`, but downloaded if it isn't named
    CHECKPOINT_DISABLE: '1',
    NEXT_TELEMETRY_DISABLED: '1',
  };
  try {
    await promisify(execFile)('npm', args, { cwd: APP, env, maxBuffer: 64 << 20 });
  } catch (failure) {
    throw new Error(`npm ${args.join(' ')} in ${APP}:\n${failure.stdout}\n${failure.stderr}`);
  }
}

async function modified(path) {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

/** When something below a folder was written last that isn't generated. */
async function newest(folder) {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !GENERATED.includes(name));
  const times = await Promise.all(entries.map((entry) => (entry.isDirectory() ? newest : modified)(join(folder, entry.name))));
  return Math.max(0, ...times);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildApp();
