// What an app has for handshakes, beyond letting clients in: it is done as where Engine.IO answers them.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { start } = require('./world');

/** Saves when the response ends, and lets it end once that is done, as express-session does. */
function saving(done) {
  return (request, response, next) => {
    const { end } = response;
    response.end = function (...args) {
      setImmediate(() => (done.push('saved'), end.apply(this, args)));
      return true;
    };
    for (const event of ['finish', 'close']) response.on(event, () => done.push(event));
    next();
  };
}

test('what a middleware does at the end of the response is done before a client that polls is answered; that of a WebSocket has no end', async (t) => {
  const { gateway, io, attached } = await start(t);
  const done = [];
  io.engine.use(saving(done));
  io.on('connection', () => {});
  await attached.ready;
  assert.equal((await gateway.ask({})).ok, true);
  assert.deepEqual(done.splice(0), ['saved', 'finish', 'close']);
  assert.equal((await gateway.ask({}, 'websocket')).ok, true);
  assert.deepEqual(done, []);
});
