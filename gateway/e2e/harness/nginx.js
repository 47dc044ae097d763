// The real nginx with the files of deploy/nginx, of which only addresses and folders are replaced.
import { execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.js';
import { later } from './test.js';
import { until } from './waiting.js';

const DEPLOYED = new URL('../../../deploy/nginx/', import.meta.url);
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * Starts nginx before gateways and a web app, each an address host:port, and waits until it listens. One gateway is put
 * into upstreams.conf, several into upstreams-several.conf. With `tls` it is nginx-tls.conf, for localhost and chat.test, with a new
 * certificate, which is `ca`; `balanced` lets the tests be its load balancer. `url` and `host` are where it is, so that it
 * can be used in a gateway's place.
 */
export async function startNginx(t, { gateways, web, tls = false, balanced = false }) {
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  await cp(DEPLOYED, folder, { recursive: true });
  await chmod(folder, 0o755); // the workers are another user, and keep bodies here
  await mkdir(join(folder, 'log'));
  const nginx = new Nginx(folder, tls);
  if (tls) await nginx.makeCertificate();
  if (balanced) await nginx.trustLoopback();
  await nginx.listenOn(await freePort(), await freePort());
  await nginx.lead(gateways, web);
  later(t, () => nginx.stop());
  await nginx.start();
  return nginx;
}

class Nginx {
  #process;
  #main;

  constructor(folder, tls) {
    this.folder = folder;
    this.tls = tls;
    this.#main = join(folder, tls ? 'nginx-tls.conf' : 'nginx.conf');
    this.output = '';
  }

  async makeCertificate() {
    const [key, certificate] = [join(this.folder, 'privkey.pem'), join(this.folder, 'fullchain.pem')];
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,DNS:chat.test', '-keyout', key, '-out', certificate]);
    this.ca = await readFile(certificate);
  }

  async listenOn(port, plainPort) {
    this.port = port;
    this.host = `${this.tls ? 'localhost' : '127.0.0.1'}:${port}`;
    this.url = `${this.tls ? 'https' : 'http'}://${this.host}`;
    this.plainURL = `http://localhost:${plainPort}`;
    const listens = this.tls ? { 'listen 80;': `listen 127.0.0.1:${plainPort};`, 'listen 443 ': `listen 127.0.0.1:${port} ` }
      : { 'listen 8080;': `listen 127.0.0.1:${port};` };
    const folders = { '/var/log/nginx/': `${this.folder}/log/`, ...(this.tls && { '/etc/nginx/tls/': `${this.folder}/` }) };
    // The folders of a packaged nginx are root's.
    const temporary = TEMPORARY.map((name) => `${name}_temp_path ${this.folder}/${name};`).join('\n');
    await replace(this.#main, { ...listens, ...folders, 'worker_processes auto;': 'worker_processes 2;', 'http {': `http {\n${temporary}` });
    for (const file of ['limits.conf', 'locations.conf']) await replace(join(this.folder, file), { '/var/log/nginx/': `${this.folder}/log/` });
  }

  /** Makes it believe those on the loopback about the client, as behind a load balancer: what # hides in balancer.conf. */
  async trustLoopback() {
    await replace(join(this.folder, 'balancer.conf'), { '# set_real': 'set_real', '# real_ip': 'real_ip', '# 10.0.0.0/8 1;': '10.0.0.0/8 1;', '10.0.0.0/8': '127.0.0.0/8' });
  }

  /** Writes where the gateways and the web app are. It counts from the next start or reload on. */
  async lead(gateways, web) {
    const source = await readFile(new URL(gateways.length > 1 ? 'upstreams-several.conf' : 'upstreams.conf', DEPLOYED), 'utf8');
    const upstreams = join(this.folder, 'upstreams.conf');
    await writeFile(upstreams, source);
    const several = Object.fromEntries(gateways.map((address, i) => [`server 127.0.0.1:${4001 + i} `, `server ${address} `]));
    await replace(upstreams, {
      'server 127.0.0.1:3000;': `server ${web};`,
      ...(gateways.length > 1 ? several : { 'server 127.0.0.1:4000;': `server ${gateways[0]};` }),
    });
  }

  async start() {
    const child = spawn('nginx', ['-e', 'stderr', '-c', this.#main, '-g', `daemon off; pid ${this.folder}/pid;`], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    child.stderr.setEncoding('utf8').on('data', (text) => (this.output += text));
    child.once('error', (failure) => (this.output += failure));
    this.ended = new Promise((resolve) => child.once('close', () => resolve((this.#process = undefined))));
    await until('nginx to listen', async () => {
      if (!this.#process) throw new Error(`nginx did not start: ${this.output}`);
      return (await readFile(join(this.folder, 'pid'), 'utf8').catch(() => '')) !== '' && answers(this.plainURL, this.url, this.tls);
    }, 15_000);
  }

  /** Reads its files anew, as `nginx -s reload`, and waits until the old workers accept nobody any more. */
  async reload() {
    const before = await workers(this.#process.pid);
    this.#process.kill('SIGHUP');
    await until('the old workers of nginx to retire', async () => (await Promise.all(before.map(retired))).every(Boolean));
  }

  /** Stops it at once, unless it is stopped; its connections are cut. */
  async stop() {
    this.#process?.kill('SIGTERM');
    await this.ended;
  }

  /** All that it has written down. */
  async logs() {
    const files = await Promise.all(['access.log', 'error.log'].map((name) => readFile(join(this.folder, 'log', name), 'utf8')));
    return [...files, this.output].join('\n');
  }
}

/** Replaces each text, which must be there, in a file. */
async function replace(file, texts) {
  let content = await readFile(file, 'utf8');
  for (const [from, to] of Object.entries(texts)) {
    if (!content.includes(from)) throw new Error(`${file} has no "${from}"`);
    content = content.replaceAll(from, to);
  }
  await writeFile(file, content);
}

async function answers(plainURL, url, tls) {
  return fetch(tls ? plainURL : url, { redirect: 'manual' }).then(() => true, () => false);
}

async function workers(master) {
  return (await readFile(`/proc/${master}/task/${master}/children`, 'utf8')).trim().split(' ');
}

/** Gone, or serving only the connections that it has. */
async function retired(worker) {
  const title = await readFile(`/proc/${worker}/cmdline`, 'utf8').catch(() => '');
  return title === '' || title.includes('shutting down');
}

/** The files of deploy/nginx, by their names. */
export async function deployedNginx() {
  const names = await readdir(DEPLOYED);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, DEPLOYED), 'utf8')])));
}
