// Swaps the start of socket.io's engine for a gateway, so that its own test suite judges @socketgate/attach: each server that is
// attached to an HTTP server gets a gateway of its own, to which the HTTP server passes what is the engine's, as nginx would.
// The suite and the package under test stay as they were published.
const dns = require('node:dns');
const http = require('node:http');
const net = require('node:net');
const { join } = require('node:path');
const { gatewayFor } = require('./gateway.cjs');

const suite = process.env.CONFORMANCE_SUITE;
// A test of 4.6 sets these to what is no class, which breaks the parser for all tests behind it where they were classes before: the Node
// that it was written for had none.
if (require(join(suite, 'package.json')).version.startsWith('4.6.')) for (const name of ['File', 'Blob']) delete globalThis[name];
const { attach } = require(process.env.CONFORMANCE_ATTACH);
const { Server } = require(join(suite, 'dist', 'index.js'));

// CONFORMANCE_NATIVE leaves all as it is, to see which tests fail on this machine anyway.
if (!process.env.CONFORMANCE_NATIVE) Server.prototype.initEngine = function (srv, opts) {
  const gateway = gatewayFor(opts);
  const attached = attach(this, { url: gateway.url, key: gateway.key, signals: false, linger: 0, log: process.env.CONFORMANCE_LOG ? console.log : () => {} });
  attached.present();
  this.eio = this.engine;
  Object.assign(this.eio.opts, opts);
  pass(srv, this.path(), opts, Promise.all([gateway.port, attached.ready]).then(([port]) => port));
  if (this._serveClient) this.attachServe(srv);
  this.httpServer = srv;
  const close = this.engine.close;
  this.engine.close = function () {
    gateway.stop();
    return close.call(this);
  };
};

// Names are looked up by several threads, so that clients that set out together arrive in any order, without a gateway too.
const { lookup } = dns;
dns.lookup = (name, options, callback) => {
  if (name !== 'localhost' || typeof options !== 'object') return lookup(name, options, callback);
  process.nextTick(() => (options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)));
};

/**
 * Passes requests and upgrades below the path on, once the app is attached. Handshakes go one after the other, those of WebSockets with their
 * CONNECT: tests take several clients that set out together to arrive in this order, which Node's one thread nearly promises, and several
 * connections to anything else do not.
 */
function pass(srv, _path, opts, port) {
  let line = port;
  const inTurn = (request, forward) => {
    if (/[?&]sid=/.test(request.url)) return void port.then((port) => forward(port, () => {}));
    line = line.then(() => port).then((port) => new Promise((over) => {
      forward(port, over);
      setTimeout(over, 200); // the app may take its time, and not all send CONNECT
    }));
  };
  const path = `${opts.path.replace(/\/$/, '')}${opts.addTrailingSlash === false ? '' : '/'}`;
  const ours = (request) => request.url.startsWith(path);
  const others = srv.listeners('request').slice();
  srv.removeAllListeners('request');
  srv.on('request', (request, response) => {
    if (!ours(request)) return others.forEach((listener) => listener.call(srv, request, response));
    inTurn(request, (port, answered) => {
      const { method, url, headers } = request;
      const onward = http.request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
        answered();
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => (answered(), response.destroy()));
      response.on('close', () => onward.destroy());
      request.pipe(onward);
    });
  });
  srv.on('upgrade', (request, socket, head) => {
    if (!ours(request)) {
      if (opts.destroyUpgrade !== false) setTimeout(() => socket.bytesWritten > 0 || socket.end(), opts.destroyUpgradeTimeout ?? 1000).unref();
      return;
    }
    inTurn(request, (port, answered) => {
      const onward = net.connect(port, '127.0.0.1');
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${pairs(request.rawHeaders)}\r\n`);
      onward.write(head);
      let answers = 0;
      onward.on('data', () => ++answers === 2 && answered()).once('close', answered);
      socket.pipe(onward).pipe(socket);
      for (const [one, other] of [[socket, onward], [onward, socket]]) {
        one.on('error', () => {});
        one.on('close', () => other.destroy());
      }
    });
  });
}

function pairs(raw) {
  let text = '';
  for (let i = 0; i < raw.length; i += 2) text += `${raw[i]}: ${raw[i + 1]}\r\n`;
  return text;
}

const excluded = require('./excluded.json');

const again = new Set();

/** mocha's root hooks: what can't apply is skipped, and so listed as pending. What was tried more than once is listed at the end. */
exports.mochaHooks = {
  beforeEach() {
    const title = this.currentTest.fullTitle();
    if (!process.env.CONFORMANCE_ALL && title in excluded) this.skip();
  },
  afterEach() {
    if (this.currentTest.currentRetry() > 0) again.add(this.currentTest.fullTitle());
  },
  afterAll() {
    for (const title of again) console.log(`tried more than once: ${title}`);
  },
};
