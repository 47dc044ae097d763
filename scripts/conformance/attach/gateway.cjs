// Gateways for the servers of the suite, by the options that these were given.
const { spawn } = require('node:child_process');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
let count = 0;

/** A gateway for a server: url and key are what the app dials it by, port resolves once clients may come. */
exports.gatewayFor = (opts) => {
  const wanted = environment(opts);
  const usual = JSON.stringify(wanted) === JSON.stringify(environment({ path: '/socket.io' }));
  const gateway = (usual && spares.shift()) || start(wanted);
  // Many tests measure time from the client's first step: the next gateway is up before it is wanted.
  if (usual) void gateway.port.then(() => spares.length < 2 && spares.push(start(wanted)));
  return gateway;
};

const spares = [];

function environment({ path, pingInterval = 25_000, pingTimeout = 20_000, maxHttpBufferSize = 1e6 }) {
  return {
    SOCKET_PATH: `${path.replace(/\/$/, '')}/`,
    PING_INTERVAL: `${pingInterval}ms`,
    PING_TIMEOUT: `${pingTimeout}ms`,
    MAX_PAYLOAD: String(maxHttpBufferSize),
  };
}

function start(env) {
  const address = join(tmpdir(), `conformance-${process.pid}-${++count}.sock`);
  const key = 'conformance-key-of-more-than-32-bytes';
  const log = { LOG_FORMAT: 'json', LOG_LEVEL: process.env.CONFORMANCE_LOG ? 'debug' : 'info' };
  const child = spawn(process.env.GATEWAY_BINARY, {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', HANDLERS: 'app', ATTACH_ADDR: address, ATTACH_KEY: key, POLLING: 'full', RATE_LIMIT: '0', ...log, ...env,
    },
  });
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.unref();
  const port = new Promise((resolve) => {
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.unref();
      stream.setEncoding('utf8').on('data', (more) => {
        if (process.env.CONFORMANCE_LOG) process.stdout.write(more);
        const addr = (text += more).match(/"msg":"listening".*?"addr":"[^"]*:(\d+)"/)?.[1];
        if (addr) resolve(Number(addr));
      });
    }
    child.on('exit', (code) => code && process.stderr.write(`a gateway ended with ${code}:\n${text}`));
  });
  return { url: `unix:${address}`, key, port, stop: () => child.kill('SIGKILL') };
}
