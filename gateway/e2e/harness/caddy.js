// The real Caddy with the files of deploy/caddy: their variables say where everything is, and a few global options are added.
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './ports.js';
import { later } from './test.js';
import { until } from './waiting.js';

const DEPLOYED = fileURLToPath(new URL('../../../deploy/caddy/', import.meta.url));

/**
 * Starts Caddy before gateways and a web app, each an address host:port, and waits until it listens. One gateway makes it
 * read Caddyfile, several several.Caddyfile. With `tls` it is https://localhost, and chat.test, by its own authority, which is `ca`.
 * `url` and `host` are where it is, so that it can be used in a gateway's place.
 */
export async function startCaddy(t, { gateways, web, tls = false }) {
  const folder = await mkdtemp(join(tmpdir(), 'caddy-'));
  later(t, () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const caddy = new Caddy(folder, tls, await freePort(), await freePort(), await freePort());
  await cp(DEPLOYED, folder, { recursive: true });
  await caddy.lead(gateways, web);
  later(t, () => caddy.stop());
  await caddy.start();
  return caddy;
}

class Caddy {
  #process;
  #admin;
  #config;
  #env;

  constructor(folder, tls, port, plainPort, admin) {
    this.folder = folder;
    this.tls = tls;
    this.port = port;
    this.plainPort = plainPort;
    this.host = `${tls ? 'localhost' : '127.0.0.1'}:${port}`;
    this.url = `${tls ? 'https' : 'http'}://${this.host}`;
    this.plainURL = `http://localhost:${plainPort}`;
    this.#admin = `127.0.0.1:${admin}`;
    this.#config = join(folder, 'test.Caddyfile');
    this.output = '';
  }

  /** Says where the gateways and the web app are. It counts from the next start or reload on. */
  async lead(gateways, web) {
    const several = gateways.length > 1;
    const deployed = await readFile(join(DEPLOYED, several ? 'several.Caddyfile' : 'Caddyfile'), 'utf8');
    // Several Caddies on one machine need ports of their own, and no test may put a certificate into the system's store.
    const own = `
{
	admin ${this.#admin}
	http_port ${this.plainPort}
	https_port ${this.tls ? this.port : await freePort()}
	skip_install_trust
	local_certs
	default_bind 127.0.0.1
`;
    await writeFile(this.#config, deployed.replace('\n{\n', own));
    this.#env = {
      PATH: process.env.PATH,
      HOME: this.folder,
      XDG_DATA_HOME: this.folder,
      SITE: this.tls ? 'localhost, chat.test' : this.url,
      WEB: web,
      [several ? 'GATEWAYS' : 'GATEWAY']: gateways.join(' '),
    };
  }

  async start() {
    const child = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', this.#config], { env: this.#env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    child.stderr.setEncoding('utf8').on('data', (text) => (this.output += text));
    child.once('error', (failure) => (this.output += failure));
    this.ended = new Promise((resolve) => child.once('close', () => resolve((this.#process = undefined))));
    const root = join(this.folder, 'caddy/pki/authorities/local/root.crt');
    await until('Caddy to listen', async () => {
      if (!this.#process) throw new Error(`Caddy did not start: ${this.output}`);
      if (this.tls) this.ca = await readFile(root).catch(() => undefined);
      return this.tls ? this.ca && certified(this.port, this.ca) : fetch(this.url).then(() => true, () => false);
    }, 15_000);
  }

  /** Reads its files and variables anew, as `caddy reload`. */
  async reload() {
    await promisify(execFile)('caddy', ['reload', '--force', '--adapter', 'caddyfile', '--address', this.#admin, '--config', this.#config], { env: this.#env, timeout: 10_000 });
  }

  /** All that it has written down. */
  async logs() {
    return this.output;
  }

  /** Stops it at once, unless it is stopped; its connections are cut. */
  async stop() {
    this.#process?.kill('SIGKILL'); // SIGTERM waits for open requests, a long poll's among them
    await this.ended;
  }
}

/** Whether it has its certificate already, which it makes after it has begun to listen. */
function certified(port, ca) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca }, () => resolve(true));
    socket.on('error', () => resolve(false)).on('secureConnect', () => socket.destroy());
  });
}
