// What goes out is understood by every official parser, and as its sender's would: packets that a program makes up, by
// the thousand. Another seed each time; what fails says how to see it again. Exported for scripts/fuzz, and for that:
// WIRE_SEED, WIRE_FROM (the number of the first packet), WIRE_FOR (30s, or 1000x packets).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { byOldParsers, byParser3, byParser4 } from './harness/parsers.js';
import { later, test } from './harness/test.js';

const { WIRE_SEED: seed = String(randomInt(2 ** 32)), WIRE_FROM: from = '0', WIRE_FOR: length = '10000x' } = process.env;
const root = fileURLToPath(new URL('../..', import.meta.url));
const payloads = ['poison', 'placeholding'].map((name) => `pkg/socketio/testdata/${name}.txt`);

const receivers = { 'socket.io-parser 4': byParser4, 'socket.io-parser 3': byParser3, 'parsers before 2022': byOldParsers };

/** JSON.parse keeps lone halves of surrogates; what is not passed on as it came has U+FFFD for them. */
const wellFormed = (value) => {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (!value || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toWellFormed(), wellFormed(member)]));
};

const isObject = (value) => value && typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value);

/** What could change a prototype: the contract leaves it out of what it writes, at any depth. */
const isPrototype = ([key, member]) => key === '__proto__' || (key === 'constructor' && isObject(member));

function holdsPrototype(value) {
  if (Array.isArray(value)) return value.some(holdsPrototype);
  return isObject(value) && Object.entries(value).some((field) => isPrototype(field) || holdsPrototype(field[1]));
}

/** A constructor that is no object may stay, or be uncovered when one that is and repeats its key has gone: it is compared with nothing. */
function withoutPrototypes(value) {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== '__proto__' && key !== 'constructor')
    .map(([key, member]) => [key, withoutPrototypes(member)]));
}

/** What each way of passing arguments on may make of them. */
const expected = {
  'broadcast': (args) => args,
  'beside bytes': (args) => [...args, Buffer.from('own')],
  'as an object of the contract': ([first]) => wellFormed(withoutPrototypes([first])),
  'ack': (args) => args,
};

const framesOf = (frames) => frames.map(({ binary, data }) => (binary ? Buffer.from(data, 'base64') : Buffer.from(data, 'base64').toString()));

/** Whether a placeholder may be in it, be it where a repeated key has hidden it from JSON.parse. */
const mayHoldPlaceholder = (text) => text.replace(/\\u(....)/g, (_, code) => String.fromCharCode(`0x${code}`)).includes('_placeholder"');

/** Throws unless everybody hears of a packet what its sender said. */
function judge({ in: said, out, end }) {
  if (end) return 'refused';
  const sent = byParser4(framesOf(said)); // as strict as the official server, or more
  const isAck = sent.type === 3;
  if (isAck && sent.id !== 0) return 'ignored'; // nobody had asked
  const [name, args] = isAck ? ['acked', sent.data ?? []] : [String(sent.data[0]).toWellFormed(), sent.data.slice(1)];
  for (const { how, frames } of out ?? []) {
    const want = how === 'ack' ? { type: 3, nsp: '/', id: sent.id, data: args } : { type: 2, nsp: '/', data: [name, ...expected[how](args)] };
    for (const [receiver, decode] of Object.entries(receivers)) {
      let got;
      try {
        got = decode(framesOf(frames));
        if (how === 'as an object of the contract') {
          if (holdsPrototype(got.data)) throw new Error('a prototype got through');
          got.data = withoutPrototypes(wellFormed(got.data));
        }
      } catch (failure) {
        throw new Error(`${how}: ${receiver} throws ${failure.message}`);
      }
      assert.deepStrictEqual(got, want, `${how}: ${receiver} understands something else`);
    }
  }
  const ways = (out ?? []).map(({ how }) => how);
  assert.ok(ways.includes('broadcast'), 'the room did not hear it');
  assert.ok(isAck || sent.id === undefined || ways.includes('ack'), 'no ack');
  assert.ok(ways.includes('beside bytes') || mayHoldPlaceholder(framesOf(said)[0]), 'what could go out beside bytes did not');
  return said.length > 1 ? 'binary' : 'plain';
}

test('whatever is broadcast decodes in every official client to what its sender meant', async (t) => {
  const program = spawn('go', ['run', './gateway/e2e/wirefuzz', '-seed', seed, '-from', from, '-for', length, '-payloads', payloads.join()],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => program.once('exit', resolve));
  later(t, () => program.kill());
  const counts = {};
  for await (const line of createInterface({ input: program.stdout })) {
    const exchange = JSON.parse(line);
    try {
      const kind = judge(exchange);
      counts[kind] = (counts[kind] ?? 0) + 1;
    } catch (failure) {
      failure.message = `WIRE_SEED=${seed} WIRE_FROM=${exchange.name} WIRE_FOR=1x scripts/test -e2e wire shows it again.\n` +
        `said: ${JSON.stringify(framesOf(exchange.in))}\n${failure.message}`;
      throw failure;
    }
  }
  assert.equal(await exited, 0);
  t.diagnostic(`WIRE_SEED=${seed}: ${JSON.stringify(counts)}`);
  if (length !== '1x') for (const kind of ['plain', 'binary', 'refused']) assert.ok(counts[kind] > 10, `${counts[kind]} are ${kind}`);
}, { timeout: 24 * 3_600_000 });
