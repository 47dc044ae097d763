// Frames: what is written is what the other side reads, whole or in pieces, and nothing else is taken.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Batch } = require('../dist/batch');
const { Body, MalformedFrame } = require('../dist/body');
const { Frames } = require('../dist/frames');
const { piecesOf } = require('../dist/pieces');
const { encode } = require('./vectors');
const vectors = require('./vectors.json'); // shared with the gateway's tests

const plain = (piece) => (typeof piece === 'string' ? piece : { hex: piece.toString('hex') });

function decode(body, kinds) {
  const fields = kinds.map((kind) => {
    const value = body[kind]();
    if (kind === 'packet') return [kind, value.map(plain)];
    return [kind, kind === 'bytes' ? plain(value) : value];
  });
  body.done();
  return fields;
}

for (const vector of vectors) {
  test(`vector: ${vector.name}`, () => {
    assert.equal(encode(vector).toString('hex'), vector.frame);
    const frames = new Frames();
    frames.push(Buffer.from(vector.frame, 'hex'));
    const { op, body } = frames.next();
    assert.equal(op, vector.op);
    assert.deepEqual(decode(body, vector.fields.map(([kind]) => kind)), vector.fields);
  });
}

test('a stream of frames reads the same however it is split', () => {
  const stream = Buffer.concat(vectors.map(({ frame }) => Buffer.from(frame, 'hex')));
  for (let size = 1; size <= 40; size++) {
    const frames = new Frames();
    const ops = [];
    for (let at = 0; at < stream.length; at += size) {
      frames.push(stream.subarray(at, at + size));
      for (let frame = frames.next(); frame; frame = frames.next()) ops.push([frame.op, frame.body.rest().toString('hex')]);
    }
    assert.deepEqual(ops, vectors.map(({ op, frame }) => [op, frame.slice(10)]));
  }
});

test('bodies that are cut short, too long or absurd are refused', () => {
  for (const { frame, fields } of vectors) {
    const whole = Buffer.from(frame, 'hex').subarray(5);
    const kinds = fields.map(([kind]) => kind);
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decode(new Body(whole.subarray(0, length)), kinds), MalformedFrame);
    }
    assert.throws(() => decode(new Body(Buffer.concat([whole, Buffer.from([0])])), kinds), MalformedFrame);
  }
  assert.throws(() => new Body(Buffer.alloc(10, 0xff)).uvarint(), MalformedFrame);
  assert.throws(() => new Body(Buffer.from([0xff, 0xff, 0xff, 0x7f])).list(), MalformedFrame);
  assert.throws(() => new Body(Buffer.from([12])).packet(), MalformedFrame);
  assert.throws(() => new Body(Buffer.from([0])).packet(), MalformedFrame);
});

test('frames of no length and of more than 64 MiB end the link', () => {
  for (const length of ['00000000', '04000001', 'ffffffff']) {
    const frames = new Frames();
    frames.push(Buffer.from(`${length}10`, 'hex'));
    assert.throws(() => frames.next(), MalformedFrame);
  }
});

test('random bytes are read or refused, never anything else', () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647);
  for (let i = 0; i < 20_000; i++) {
    const data = Buffer.from(Array.from({ length: random() % 24 }, () => random() % 256));
    const kinds = vectors[random() % vectors.length].fields.map(([kind]) => kind);
    try {
      decode(new Body(data), kinds);
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
    }
  }
});

test('a frame that is too long is taken out again, the others stay', () => {
  const batch = new Batch();
  batch.begin(1).u8(1).end();
  assert.equal(batch.begin(2).bytes(Buffer.alloc(64 * 1024 * 1024)).end(), false);
  batch.begin(3).u8(3).end();
  assert.equal(batch.take().toString('hex'), '00000002010100000002' + '0303');
});

test('a frame of which a field could not be written is taken out again, the others stay', () => {
  const batch = new Batch();
  batch.begin(1).u8(1).end();
  assert.throws(() => batch.begin(2).u8(2).json({ n: 1n }));
  batch.begin(3).u8(3).end();
  assert.throws(() => batch.begin(4).string(undefined));
  assert.equal(batch.take().toString('hex'), '000000020101' + '000000020303');
  batch.begin(5).u8(5).end();
  assert.equal(batch.take().toString('hex'), '000000020505');
});

test('attachments are counted as socket.io-parser announces them', () => {
  const counts = { '2["a"]': 1, '51-["a"]': 2, '510-["a"]': 11, '511-["a"]': 1, '61-/admin,7[]': 2, '5woooot': 1, '5-': 1, '': 1 };
  for (const [head, count] of Object.entries(counts)) assert.equal(piecesOf(head), count, head);
  assert.equal(piecesOf(Buffer.from('51-')), 1);
});

test('a handshake is taken with the words that the link has said, whole, and not with others', () => {
  const { Batch } = require('../dist/batch');
  const { openHead, takeHead } = require('../dist/head');
  const batch = new Batch();
  batch.begin(0x1e).uvarint(1).uvarint(0).string('/socket.io/?t=1').string('::1').uvarint(4711).u8(1);
  batch.uvarint(2).uvarint(2).uvarint(0).string('a.example').uvarint(0).string('Cookie').uvarint(0).string('name=Zoë').end();
  const bytes = batch.take().subarray(5);
  const words = ['GET', 'Host'];
  const { packed, url } = takeHead(new Body(bytes), words);
  assert.equal(url, '/socket.io/?t=1');
  assert.deepEqual(openHead(packed, words), {
    method: 'GET', url: '/socket.io/?t=1', headers: ['Host', 'a.example', 'Cookie', 'name=Zoë'], remoteAddress: '::1', remotePort: 4711, encrypted: true,
  });
  assert.throws(() => takeHead(new Body(bytes), ['GET']), MalformedFrame);
  assert.throws(() => takeHead(new Body(Buffer.concat([bytes, Buffer.from([0])])), words), MalformedFrame);
  for (let length = 0; length < bytes.length; length++) assert.throws(() => takeHead(new Body(bytes.subarray(0, length)), words), MalformedFrame);
});
