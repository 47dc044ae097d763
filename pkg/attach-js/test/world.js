// What a test has: a real server, attached to a gateway that is only the link's protocol, and its clients.
const { Server } = require('socket.io');
const { attach } = require('../dist');
const { SimulatedGateway } = require('./simulated');
const { until } = require('./waiting');

const quiet = { key: 'key', signals: false, linger: 0, log() {} };

async function start(t, { server: serverOptions, gateway: old, ...options } = {}) {
  const gateway = old ?? (await new SimulatedGateway().listen());
  if (!old) t.after(() => gateway.close());
  const io = new Server(serverOptions);
  const attached = attach(io, { ...quiet, url: gateway.url, ...options });
  t.after(() => io.close());
  return { gateway, io, attached };
}

/** A client of the simulated gateway whose socket is connected in "/". */
async function join(gateway, nsp = '/', auth = undefined) {
  const client = gateway.connect();
  client.say(`0${nsp === '/' ? '' : `${nsp},`}${auth ? JSON.stringify(auth) : ''}`);
  await until('a CONNECT reply', () => client.texts.some((text) => text.startsWith('0')));
  return client;
}

module.exports = { join, quiet, start };
