// The operations of the link as bytes: what both sides' codecs must write and read. `node test/vectors.js` prints vectors.json.
const { Batch } = require('../dist/batch');
const { Op } = require('../dist/ops');

const vectors = [
  { name: 'a packet of one text', op: Op.Packet, fields: [['uvarint', 7], ['packet', ['2["a","é😀"]']]] },
  { name: 'a packet with an attachment, of a client with a large number', op: Op.Packet, fields: [['uvarint', 2 ** 53 - 1], ['packet', ['51-["a",{"_placeholder":true,"num":0}]', { hex: '00ff1e' }]]] },
  { name: 'a binary packet without a head', op: Op.Packet, fields: [['uvarint', 128], ['packet', [{ hex: '84a474797065' }]]] },
  { name: 'an empty attachment', op: Op.Send, fields: [['uvarint', 300], ['u8', 3], ['packet', ['61-0[{"_placeholder":true,"num":0}]', { hex: '' }]]] },
  { name: 'a client that has gone', op: Op.Closed, fields: [['uvarint', 127], ['string', 'transport close']] },
  { name: 'a client that has upgraded', op: Op.Upgraded, fields: [['uvarint', 16384], ['string', 'websocket']] },
  { name: 'a broadcast to two rooms but one', op: Op.Cast, fields: [['string', '/chat'], ['u8', 4], ['list', ['a', 'b ü']], ['list', ['c']], ['packet', ['2/chat,["x"]']]] },
  { name: 'a broadcast to all', op: Op.Cast, fields: [['string', '/'], ['u8', 0], ['list', []], ['list', []], ['packet', ['2["x"]']]] },
  { name: 'joining', op: Op.Join, fields: [['uvarint', 1], ['string', '/'], ['list', ['a', '']]] },
  { name: 'leaving', op: Op.Leave, fields: [['uvarint', 1], ['string', '/'], ['list', ['a']]] },
  { name: 'a socket that has gone', op: Op.Gone, fields: [['uvarint', 1], ['string', '/']] },
  { name: 'data of a socket', op: Op.Data, fields: [['uvarint', 1], ['string', '/'], ['bytes', { hex: 'ff0f6f7b00' }]] },
  { name: 'closing after what is queued', op: Op.Close, fields: [['uvarint', 9], ['u8', 0]] },
  { name: 'a message to all other processes', op: Op.Bus, fields: [['string', ''], ['bytes', { hex: '0102' }]] },
  { name: 'the other processes', op: Op.Peers, fields: [['list', ['app-1', 'app-2']]] },
  { name: 'moved by the gateway', op: Op.Moved, fields: [['uvarint', 5], ['string', '/'], ['list', ['in']], ['list', ['out']]] },
  { name: 'a restored client', op: Op.Taken, fields: [['uvarint', 0]] },
  { name: 'goodbye', op: Op.Bye, fields: [] },
];

const bytes = (value) => (typeof value === 'string' ? value : Buffer.from(value.hex, 'hex'));

/** The frame of a vector, by our codec. */
function encode({ op, fields }) {
  const batch = new Batch().begin(op);
  for (const [kind, value] of fields) {
    if (kind === 'packet') batch.packet(value.map(bytes));
    else if (kind === 'bytes') batch.bytes(bytes(value));
    else if (kind === 'list') batch.list(value, value.length);
    else batch[kind](value);
  }
  batch.end();
  return batch.take();
}

module.exports = { encode };
if (require.main === module) {
  const lines = vectors.map((vector) => JSON.stringify({ ...vector, frame: encode(vector).toString('hex') }));
  console.log(`[\n  ${lines.join(',\n  ')}\n]`);
}
