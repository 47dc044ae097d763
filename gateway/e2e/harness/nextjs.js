// The sample app in production mode behind a proxy, beside the gateway, and people who use it in browsers of their own.
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openBrowser, watchTraffic } from './browser.js';
import { MESSAGE_KEY, createDatabase } from './database.js';
import { JWT_SECRET, startGateway } from './gateway.js';
import { APP, buildApp } from './nextjs-build.js';
import { words } from './people.js';
import { freePort } from './ports.js';
import { inOnePlace, later } from './test.js';
import { until } from './waiting.js';

/** How long a page may take to be back after a disconnect, in milliseconds: io() waits up to 5 s between its attempts. */
export const RECONNECTED = 20_000;

/** The password of everybody who registers. */
export const LOGIN_PASSWORD = 'correct horse battery';

/** What docker-compose.yml tells the gateway: a login of the app ends with its row. */
export const REVOKED_QUERY = 'SELECT NOT EXISTS (SELECT FROM "Session" WHERE id = $2)';

/**
 * Starts database, gateway, `next start` and a proxy (startNginx or startCaddy) on addresses of their own. `url` is where
 * people go, `web` the app itself; `gateway` is replaced by restartGateway(). `env` is for gateway and app, and with `tls`
 * people go to https://localhost.
 */
export async function startApp(t, startProxy, { env = {}, tls = false } = {}) {
  await buildApp();
  const database = await createDatabase(t);
  await database.query('DROP TABLE "Message", "Room", "User"'); // the app brings its own
  await Promise.all([migrate(database), migrate(database)]); // two containers that start at once
  const PORT = await freePort();
  const gateways = inOnePlace(t); // a browser that outlived the last of them would complain
  const gateway = await startGateway(gateways, { PORT, REVOKED_QUERY, ...env }, { database });
  const web = await startNext(t, database, env);
  const proxy = await startProxy(t, { gateways: [gateway.host], web, tls });
  return {
    database, gateway, url: proxy.url, web: `http://${web}`,
    async restartGateway() {
      this.gateway = await startGateway(gateways, { PORT, REVOKED_QUERY, ...env }, { database });
    },
  };
}

/** Applies the app's migrations. */
export async function migrate(database) {
  await promisify(execFile)('node', ['scripts/migrate.mjs'], { cwd: APP, env: { PATH: process.env.PATH, DATABASE_URL: database.url }, timeout: 20_000 });
}

/** Starts the built app and waits until it is healthy. Answers its address. */
async function startNext(t, database, more) {
  const port = await freePort();
  const env = {
    PATH: process.env.PATH, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1',
    DATABASE_URL: database.url, JWT_SECRET, MESSAGE_ENCRYPTION_KEY: MESSAGE_KEY, PASSWORD_COST: '10', ...more,
  };
  const next = spawn(process.execPath, [join(APP, 'node_modules/next/dist/bin/next'), 'start', '-H', '127.0.0.1', '-p', String(port)], { cwd: APP, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [next.stdout, next.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  const ended = new Promise((resolve) => next.once('close', resolve));
  later(t, () => {
    next.kill('SIGKILL');
    return ended;
  });
  await until('next start', async () => {
    if (next.exitCode !== null) throw new Error(`next start ended:\n${log}`);
    return fetch(`http://127.0.0.1:${port}/api/health`).then(({ ok }) => ok, () => false);
  }, 30_000);
  return `127.0.0.1:${port}`;
}

/** Somebody new, in a browser of their own, who has registered. */
export async function newcomer(t, app, name) {
  const { context, complaints } = await openBrowser(t);
  const person = new Person(app, name, context, complaints, await context.newPage());
  await person.page.goto(`${app.url}/register`);
  await person.enter('Create an account');
  await person.page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();
  return person;
}

/** A person at one tab. */
export class Person {
  constructor(app, name, context, complaints, page) {
    Object.assign(this, { app, name, context, complaints, page, traffic: watchTraffic(page) });
  }

  /** Fills name and password in, and presses the button of that name. */
  async enter(button) {
    await this.page.getByLabel('Name', { exact: true }).fill(this.name);
    await this.page.getByLabel('Password').fill(LOGIN_PASSWORD);
    await this.page.getByRole('button', { name: button }).click();
  }

  /** Opens a new room, and is in it. Answers its id. */
  async opens(room) {
    await this.page.getByLabel('Name of a new room').fill(room);
    await this.page.getByRole('button', { name: 'Create room' }).click();
    await this.isIn(room);
    return new URL(this.page.url()).pathname.split('/').at(-1);
  }

  /** Follows the list of rooms. */
  async goesTo(room) {
    await this.page.locator('.room-list a', { hasText: room }).click();
    await this.isIn(room);
  }

  /** Goes to a room by its address. */
  async visits(id) {
    await this.page.goto(`${this.app.url}/rooms/${id}`);
    await this.isLive();
  }

  async isIn(room) {
    await this.page.getByRole('heading', { name: room, level: 1 }).waitFor();
    await this.isLive();
  }

  /** Joined, and with all of the history. */
  async isLive(timeout = 15_000) {
    await this.page.locator('.room[data-joined=true]').waitFor({ timeout });
  }

  /** The same person in another tab. */
  async anotherTab() {
    return new Person(this.app, this.name, this.context, this.complaints, await this.context.newPage());
  }

  /** Types a message and sends it, without waiting for its fate. */
  async types(text) {
    await this.page.getByLabel(/^Message to /).fill(words(text));
    await this.page.keyboard.press('Enter');
  }

  /** Sends a message and waits until it is stored. Answers its id. */
  async says(text) {
    await this.types(text);
    return this.reads(text);
  }

  /** Waits until the page shows a stored message. Answers its id. */
  async reads(text, timeout) {
    const bubble = this.page.locator('.bubble[data-id]').and(this.page.getByText(words(text), { exact: true }));
    await bubble.waitFor({ timeout });
    return bubble.getAttribute('data-id');
  }

  /** The ids of all messages on the page, in its order. */
  ids() {
    return this.page.$$eval('.bubble[data-id]', (all) => all.map((bubble) => bubble.dataset.id));
  }

  /** All texts on the page, in its order, with those that are not stored yet. */
  texts() {
    return this.page.$$eval('.bubble', (all) => all.map((bubble) => bubble.textContent));
  }

  /** Waits until the list of members names exactly these. */
  async sees(...names) {
    const wanted = names.sort().join();
    let last;
    await until(`the members ${wanted}`, async () => {
      last = (await this.page.$$eval('#members li', (all) => all.map((member) => member.dataset.user))).sort().join();
      return last === wanted;
    }, 15_000).catch((failure) => {
      failure.message += ` on the page of ${this.name}; the last were ${last}`;
      throw failure;
    });
  }

  /** Takes complaints off that are to be expected of a browser which loses its server, so that only others fail the test. */
  forgives(pattern = /ERR_CONNECTION|Failed to load resource|WebSocket connection to/) {
    this.complaints.splice(0, Infinity, ...this.complaints.filter((complaint) => !pattern.test(complaint)));
  }
}
