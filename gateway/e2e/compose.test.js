// docker-compose.yml and the Dockerfile: that what they say about each other, the gateway and nginx is so.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { createDatabase } from './harness/database.js';
import { composedServices, dockerfile, mounts, published } from './harness/compose.js';
import { runGateway, startGateway } from './harness/gateway.js';
import { REVOKED_QUERY } from './harness/nextjs.js';
import { deployedNginx } from './harness/nginx.js';
import { freePort } from './harness/ports.js';
import { startRedis } from './harness/redis.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';

const FOREVER = ['postgres', 'redis', 'gateway', 'web', 'nginx', 'own-gateway', 'own'];
const seconds = (text) => Number(text.match(/^(\d+)s$/)[1]);

/** The defaults of the gateway's variables, by their names. */
async function variables() {
  const { stdout } = await runGateway(['env']);
  return Object.fromEntries([...stdout.matchAll(/^\| ([A-Z\d_]+) +\| (\S+)/gm)].map(([, name, value]) => [name, value]));
}

test('docker compose up brings these services, and one after the other', async () => {
  const services = await composedServices();
  assert.deepEqual(Object.keys(services).sort(), [...FOREVER, 'migrate'].sort());
  const waits = (name) => Object.fromEntries(Object.entries(services[name].depends_on ?? {}).map(([other, { condition }]) => [other, condition]));
  assert.deepEqual(waits('migrate'), { postgres: 'service_healthy' });
  const database = { postgres: 'service_healthy', migrate: 'service_completed_successfully' };
  assert.deepEqual(waits('web'), database);
  assert.deepEqual(waits('gateway'), { ...database, redis: 'service_healthy' });
  assert.deepEqual(waits('nginx'), { gateway: 'service_healthy', web: 'service_healthy' });
  for (const name of ['postgres', 'redis', 'gateway', 'nginx']) assert.ok(services[name].healthcheck?.test, `${name} has a health check`);
  const sample = await readFile(new URL('../../deploy/nextjs-chat/Dockerfile', import.meta.url), 'utf8');
  assert.match(sample, /^HEALTHCHECK /m, 'web has one in its image');
});

// docker-compose stops a service when those are stopped that name it themselves. Where only migrate, which has ended, stands
// between them, the gateway and Postgres are stopped at once, and what the gateway has accepted finds no database.
test('Postgres is stopped after everything that writes to it', async () => {
  const services = await composedServices();
  const writers = FOREVER.filter((name) => services[name].environment?.DATABASE_URL?.includes('@postgres:'));
  assert.deepEqual(writers, ['gateway', 'web']);
  for (const name of writers) assert.ok('postgres' in services[name].depends_on, name);
});

test("the profile own starts none of the sample's services", async () => {
  const services = await composedServices();
  const started = new Set();
  const start = (name) => started.has(name) || (started.add(name), Object.keys(services[name].depends_on ?? {}).forEach(start));
  start('own');
  assert.deepEqual([...started].sort(), ['own', 'own-gateway']);
  for (const [name, { profiles = [] }] of Object.entries(services)) assert.equal(profiles.includes('own'), started.has(name), name);
});

test('every service is confined, and comes back after a crash', async () => {
  for (const [name, service] of Object.entries(await composedServices())) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.equal(service.cap_add, undefined, name);
    assert.equal(service.restart, FOREVER.includes(name) ? 'unless-stopped' : 'no', name);
  }
});

test('every image that is fetched is of one exact version, and nothing runs as root', async () => {
  const services = await composedServices();
  const sample = await readFile(new URL('../../deploy/nextjs-chat/Dockerfile', import.meta.url), 'utf8');
  const { from, last } = await dockerfile();
  const built = Object.values(services).filter(({ build }) => build).map(({ image }) => image);
  const fetched = Object.values(services).map(({ image }) => image).filter((image) => !built.includes(image));
  const bases = [...from, ...[...sample.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)].filter((image) => image !== 'scratch');
  assert.deepEqual([...new Set(built)].sort(), ['socketgate', 'socketgate-nextjs-chat']);
  assert.equal(new Set(fetched).size, 3, 'Postgres, Redis and nginx');
  for (const image of [...fetched, ...bases]) assert.match(image, /^[a-z]+:\d+\.\d+(\.\d+)?-(alpine|slim)$/, image);
  for (const image of [...fetched, ...bases].filter((image) => !image.startsWith('postgres:'))) assert.match(image, /:\d+\.\d+\.\d+-/, image);
  for (const name of ['postgres', 'redis', 'nginx', 'own']) assert.match(services[name].user, /^(postgres|redis|nginx)$/, name);
  assert.match(sample, /^USER node$/m);
  assert.ok(last.some(([name]) => name === 'USER'));
});

test('the gateway and the app look for the token in the same cookie', async () => {
  for (const [env, cookie] of [[{}, 'token'], [{ TOKEN_COOKIE: '__Host-token' }, '__Host-token']]) {
    const { gateway, web } = await composedServices(env);
    assert.deepEqual([gateway.environment.TOKEN_COOKIE, web.environment.TOKEN_COOKIE], [cookie, cookie]);
  }
});

test('the app speaks to the gateway where it listens, with its key, and nobody outside can', async () => {
  const { gateway, web } = await composedServices({ SOCKETGATE_KEY: 'the-key-of-the-operator-which-nobody-knows' });
  const { hostname, port } = new URL(web.environment.SOCKETGATE_URL);
  assert.deepEqual([hostname, `0.0.0.0:${port}`], ['gateway', gateway.environment.API_ADDR]);
  assert.equal(web.environment.SOCKETGATE_KEY, 'the-key-of-the-operator-which-nobody-knows');
  assert.equal(gateway.environment.API_KEY, web.environment.SOCKETGATE_KEY);
});

test('with the secrets that everybody knows, only this machine gets in; with those of the environment all parts share them', async () => {
  const known = await composedServices();
  for (const [name, service] of Object.entries(known)) {
    for (const port of published(service)) assert.match(port, /^127\.0\.0\.1:8080:/, name);
  }
  assert.match(known.gateway.environment.JWT_SECRET, /only-for-local-development/);
  const own = { JWT_SECRET: 'the-secret-of-the-operator-which-nobody-knows', MESSAGE_ENCRYPTION_KEY: 'ab'.repeat(32), POSTGRES_PASSWORD: 'pass' };
  const { gateway, web, migrate, postgres } = await composedServices(own);
  for (const { environment } of [gateway, web]) {
    assert.equal(environment.JWT_SECRET, own.JWT_SECRET);
    assert.equal(environment.MESSAGE_ENCRYPTION_KEY, own.MESSAGE_ENCRYPTION_KEY);
  }
  const { username, password, hostname, pathname } = new URL(gateway.environment.DATABASE_URL);
  assert.deepEqual([username, password, hostname, pathname], [postgres.environment.POSTGRES_USER, 'pass', 'postgres', `/${postgres.environment.POSTGRES_DB}`]);
  for (const { environment } of [web, migrate]) assert.equal(environment.DATABASE_URL, gateway.environment.DATABASE_URL);
});

test('the gateway starts with what compose gives it, and its health checks tell whether it runs', async (t) => {
  const { gateway: service } = await composedServices();
  const { last } = await dockerfile();
  const argument = (name) => last.find(([instruction]) => instruction === name)[1];
  const entrypoint = JSON.parse(argument('ENTRYPOINT'));
  assert.deepEqual(entrypoint, ['/socketgate']);
  const checks = [service.healthcheck.test.slice(1), JSON.parse(argument('HEALTHCHECK').split(' CMD ')[1])];
  for (const check of checks) assert.equal(check[0], entrypoint[0]);

  const image = Object.fromEntries(argument('ENV').split(' ').map((pair) => pair.split('=')));
  const PORT = await freePort();
  const env = { HOST: undefined, ...image, ...service.environment, LOG_FORMAT: 'json', PORT, API_ADDR: '127.0.0.1:0' };
  delete env.DATABASE_URL; // of which the harness makes one
  assert.equal(env.REDIS_URL, 'redis://redis:6379');
  env.REDIS_URL = (await startRedis(t)).url;
  env.REVOKED_QUERY = env.REVOKED_QUERY.replaceAll('$$', '$'); // docker-compose prints what it would read again
  assert.equal(env.REVOKED_QUERY, REVOKED_QUERY);
  const database = await createDatabase(t);
  await database.query('CREATE TABLE "Session" (id TEXT PRIMARY KEY)'); // as migrate does
  const gateway = await startGateway(t, env, { database });
  delete env.REVOKED_QUERY;
  for (const [, ...args] of checks) {
    await until(args.join(' '), async () => (await runGateway(args, { ...env, DATABASE_URL: 'none' })).code === 0, 10_000); // it proves itself by Redis first
  }
  await gateway.stop();
  for (const [, ...args] of checks) assert.equal((await runGateway(args, { ...env, DATABASE_URL: 'none' })).code, 1, args.join(' '));
});

test('the built-in secrets start the local stack, and nothing that runs in production', async () => {
  const { gateway: service } = await composedServices();
  const published = { JWT_SECRET: service.environment.JWT_SECRET, MESSAGE_ENCRYPTION_KEY: service.environment.MESSAGE_ENCRYPTION_KEY };
  assert.equal(service.environment.NODE_ENV, 'development');
  assert.equal((await composedServices({ NODE_ENV: 'production' })).gateway.environment.NODE_ENV, 'production');
  const { last } = await dockerfile();
  assert.match(last.find(([name]) => name === 'ENV')[1], /NODE_ENV=production/);
  const { code, stderr } = await runGateway([], { NODE_ENV: 'production', DATABASE_URL: 'file:none.db', ...published });
  assert.equal(code, 1);
  for (const [name, secret] of Object.entries(published)) {
    assert.match(stderr, new RegExp(`^${name} holds \\d+ bytes \\(hidden\\), which is the one of docker-compose.yml`, 'm'));
    assert.ok(!stderr.includes(secret));
  }
});

test('compose sets no variable that the gateway does not know, and gives it time to end', async () => {
  const defaults = await variables();
  const services = await composedServices();
  for (const name of ['gateway', 'own-gateway']) {
    for (const variable of Object.keys(services[name].environment)) {
      assert.ok(variable === 'NODE_ENV' || variable.replace(/^GATEWAY_/, '') in defaults, `${name}: ${variable}`);
    }
    assert.ok(seconds(services[name].stop_grace_period) > seconds(defaults.SHUTDOWN_TIMEOUT), `${name}: stop_grace_period`);
  }
});

test('nginx is given every file that it includes, and finds services where its upstreams say', async () => {
  const [services, defaults, files] = [await composedServices(), await variables(), await deployedNginx()];
  const port = files['nginx.conf'].match(/listen (\d+);/)[1];
  for (const name of ['nginx', 'own']) {
    const mounted = mounts(services[name]);
    for (const file of Object.values(mounted)) assert.ok((await stat(file)).isFile(), file);
    for (const [, file] of files['nginx.conf'].matchAll(/^ +include (\S+);/gm)) assert.ok(`/etc/nginx/${file}` in mounted, `${name}: ${file}`);
    assert.deepEqual(published(services[name]), [`127.0.0.1:8080:${port}`]);

    const upstreams = await readFile(mounted['/etc/nginx/upstreams.conf'], 'utf8');
    const servers = [...upstreams.matchAll(/^ +server (\S+);/gm)].map(([, address]) => address);
    assert.deepEqual(servers, [`gateway:${defaults.PORT}`, 'web:3000']);
  }
  assert.deepEqual(services['own-gateway'].networks.default.aliases, ['gateway']);
  assert.match(JSON.stringify(services.own.extra_hosts), /web.host-gateway/);
});

// With `consistent`, nginx 1.22 to 1.28 hash the name of a server, and take turns among its addresses.
test('long-polling stays with one of several gateways behind one name', async () => {
  const upstreams = await readFile(mounts((await composedServices()).nginx)['/etc/nginx/upstreams.conf'], 'utf8');
  const [, gateway] = upstreams.match(/^upstream gateway \{([^}]*)\}/m);
  assert.equal(gateway.match(/^ +server /gm).length, 1);
  assert.match(gateway, /^ +hash \$route;$/m);
});

// A tmpfs is made with the mode that it was given. On each later start it takes that of the folder below, which is root's
// alone where the image has none (runc 1.1).
test('the folder that web may write to is in its image, so that it may after a restart too', async () => {
  const { web } = await composedServices();
  const sample = await readFile(new URL('../../deploy/nextjs-chat/Dockerfile', import.meta.url), 'utf8');
  for (const [folder, options] of web.tmpfs.map((mount) => mount.split(':')).filter(([folder]) => folder !== '/tmp')) {
    const made = folder.replace('/app/', '.next/standalone/');
    assert.ok(sample.includes(`mkdir -m ${options.replace('mode=', '')} ${made}\n`), folder);
  }
});

test('no image is built from a file of secrets', async () => {
  for (const folder of ['', 'deploy/nextjs-chat/']) {
    const rules = (await readFile(new URL(`../../${folder}.dockerignore`, import.meta.url), 'utf8')).split('\n');
    assert.ok(rules.includes('**/.env*'), folder);
    assert.ok(!rules.slice(rules.indexOf('**/.env*')).some((rule) => rule.startsWith('!')), `${folder}: the last rule that fits decides`);
  }
});

test('the image is empty but for the gateway, which is nobody there, and is built by the Go of go.mod', async () => {
  const { from, last } = await dockerfile();
  const [, go] = (await readFile(new URL('../../go.mod', import.meta.url), 'utf8')).match(/^go (\d+\.\d+)/m);
  assert.match(from[0], new RegExp(`^golang:${go.replace('.', '\\.')}\\.\\d+-alpine$`));
  assert.deepEqual(from.slice(1), ['scratch']);
  const instructions = Object.fromEntries(last);
  assert.ok(Number(instructions.USER.split(':')[0]) >= 1000, 'a number: no file of users is there to look a name up in');
  assert.equal(instructions.EXPOSE, (await variables()).PORT);
  assert.ok(!last.some(([name]) => name === 'RUN'));
});
