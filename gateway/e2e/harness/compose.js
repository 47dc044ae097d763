// docker-compose.yml and deploy/docker/Dockerfile, as docker-compose and Docker read them. Nothing is started.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const read = new Map(); // what docker-compose has said, by the environment: it takes seconds
let speaksJSON = true;

/**
 * The services by name, each as docker-compose understands it with that environment and no .env file, those of every
 * profile among them.
 */
export async function composedServices(env = {}) {
  const key = JSON.stringify(env);
  if (!read.has(key)) read.set(key, composed(env));
  return structuredClone(await read.get(key));
}

async function composed(env) {
  const folder = await mkdtemp(join(tmpdir(), 'compose-'));
  try {
    await writeFile(join(folder, 'empty.env'), '');
    return await readServices(env, join(folder, 'empty.env'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readServices(env, envFile) {
  const options = { cwd: ROOT, env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env }, timeout: 30_000 };
  const compose = ['-f', 'docker-compose.yml', '--env-file', envFile, '--profile', 'own', 'config'];
  if (speaksJSON) {
    const json = await run('docker-compose', [...compose, '--format', 'json'], options).catch(() => ({ stdout: '' }));
    if (json.stdout.startsWith('{')) return JSON.parse(json.stdout).services;
    speaksJSON = false;
  }
  // docker-compose 1 knows YAML only, and brings Python's reader of it.
  const { stdout: yaml } = await run('docker-compose', compose, options);
  const reader = run('python3', ['-c', 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'], options);
  reader.child.stdin.end(yaml);
  return JSON.parse((await reader).stdout).services;
}

/** The ports of this machine that a service takes, as address:port:port of the container. */
export function published(service) {
  return (service.ports ?? []).map((port) =>
    (typeof port === 'string' ? port.replace('/tcp', '') : [port.host_ip, port.published, port.target].join(':')));
}

/** Which file of the repository stands where in the container. */
export function mounts(service) {
  return Object.fromEntries((service.volumes ?? []).map((mount) => {
    const { source, target } = typeof mount === 'string' ? Object.fromEntries(mount.split(':').map((part, i) => [['source', 'target', 'mode'][i], part])) : mount;
    return [target, source];
  }));
}

/** The instructions of the Dockerfile's last stage as [name, arguments], and `from`, the images of all stages. */
export async function dockerfile() {
  const text = (await readFile(`${ROOT}deploy/docker/Dockerfile`, 'utf8')).replace(/^#.*\n/gm, '');
  const instructions = text.split('\n').filter(Boolean).map((line) => line.match(/^([A-Z]+) (.*)$/).slice(1));
  const from = instructions.filter(([name]) => name === 'FROM').map(([, image]) => image.split(' ')[0]);
  return { from, last: instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM') + 1) };
}
