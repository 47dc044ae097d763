// Text at rest as apps keep it: they read what the gateway stored, and the gateway reads what they stored.
import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import CryptoJS from 'crypto-js';
import { createDatabase } from './harness/database.js';
import { JWT_SECRET, SPOKEN, runGateway, startGateway } from './harness/gateway.js';
import { connect, join, say, words } from './harness/people.js';
import { sideBySide, test } from './harness/test.js';

// The key for every format, as an app's .env has it, and what the app's code makes of it.
const SECRET = 'a secret that the app has made its key of';
const KEYS = {
  hex: { text: randomBytes(32).toString('hex'), make: (text) => Buffer.from(text, 'hex') },
  base64: { text: randomBytes(32).toString('base64'), make: (text) => Buffer.from(text, 'base64') },
  utf8: { text: randomBytes(16).toString('hex'), make: (text) => text },
  sha256: { text: SECRET, make: (text) => createHash('sha256').update(text).digest() },
  scrypt: { text: SECRET, make: (text) => scryptSync(text, 'salt', 32) },
};

const whole = (cipher, text) => Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);

function gcm(ivSize, pack, unpack) {
  return {
    encrypt(key, text) {
      const iv = randomBytes(ivSize);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const ciphertext = whole(cipher, text);
      return pack([iv, cipher.getAuthTag(), ciphertext]);
    },
    decrypt(key, stored) {
      const [iv, tag, ciphertext] = unpack(stored);
      assert.equal(iv.length, ivSize);
      const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
      return decipher.update(ciphertext, null, 'utf8') + decipher.final('utf8');
    },
  };
}

const hexGCM = (ivSize) => gcm(ivSize,
  (parts) => parts.map((part) => part.toString('hex')).join(':'),
  (stored) => stored.split(':').map((part) => Buffer.from(part, 'hex')));

function packedGCM(ivSize) {
  const cut = (bytes) => [bytes.subarray(0, ivSize), bytes.subarray(ivSize, ivSize + 16), bytes.subarray(ivSize + 16)];
  return gcm(ivSize, (parts) => Buffer.concat(parts).toString('base64'), (stored) => cut(Buffer.from(stored, 'base64')));
}

const cbc = (encoding) => ({
  encrypt(key, text) {
    const iv = randomBytes(16);
    return `${iv.toString(encoding)}:${whole(createCipheriv('aes-256-cbc', key, iv), text).toString(encoding)}`;
  },
  decrypt(key, stored) {
    const [iv, ciphertext] = stored.split(':').map((part) => Buffer.from(part, encoding));
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    return decipher.update(ciphertext, null, 'utf8') + decipher.final('utf8');
  },
});

// What the apps have in lib/crypto.
const CIPHERS = {
  'aes-256-gcm': hexGCM(16),
  'aes-256-gcm-iv12': hexGCM(12),
  'aes-256-gcm-base64': packedGCM(16),
  'aes-256-gcm-iv12-base64': packedGCM(12),
  'aes-256-cbc': cbc('hex'),
  'aes-256-cbc-base64': cbc('base64'),
  cryptojs: {
    encrypt: (passphrase, text) => CryptoJS.AES.encrypt(text, passphrase).toString(),
    decrypt: (passphrase, stored) => CryptoJS.AES.decrypt(stored, passphrase).toString(CryptoJS.enc.Utf8),
  },
};

const TEXTS = ['hello', 'Grüße, 世界 🦊', 'sixteen bytes ok', 'a:b:c', 'long '.repeat(2000)];

async function checked(database, cipher, format, text, { key = KEYS[format].text } = {}) {
  await database.query(`DELETE FROM "Message"`);
  await database.query(`INSERT INTO "Message" ("id", "text", "userId", "roomId") VALUES ('of-the-app', $1, 'u', 'r')`, [text]);
  return runGateway(['check'], {
    DATABASE_URL: database.url, MESSAGE_CIPHER: cipher, MESSAGE_KEY_FORMAT: format, MESSAGE_ENCRYPTION_KEY: key, JWT_SECRET,
  });
}

sideBySide('text at rest', () => {
  // Every cipher with the usual key, and every way to make a key with the two that are used most.
  const pairs = Object.keys(CIPHERS).map((cipher) => [cipher, 'hex']);
  for (const format of Object.keys(KEYS)) if (format !== 'hex') pairs.push(['aes-256-gcm-iv12', format], ['aes-256-cbc', format]);

  for (const [cipher, format] of pairs) {
    test(`${cipher} with a key as ${format}: the app reads the gateway's rows, and the gateway the app's`, async (t) => {
      const { encrypt, decrypt } = CIPHERS[cipher];
      const key = cipher === 'cryptojs' ? KEYS[format].text : KEYS[format].make(KEYS[format].text);
      const database = await createDatabase(t);
      const gateway = await startGateway(t, {
        MESSAGE_CIPHER: cipher, MESSAGE_KEY_FORMAT: format, MESSAGE_ENCRYPTION_KEY: KEYS[format].text,
      }, { database });
      const ann = await connect(t, gateway, 'ann');
      await join(ann, 'lobby');
      for (const text of TEXTS) assert.equal((await say(ann, 'lobby', text)).text, words(text));
      const rows = await database.query('SELECT "text" FROM "Message" ORDER BY "createdAt"');
      assert.deepEqual(rows.map((row) => decrypt(key, row.text)), TEXTS.map(words));
      for (const row of rows) assert.ok(!row.text.includes(SPOKEN), 'encrypted at all');
      assert.equal(new Set(rows.map((row) => row.text.slice(0, 40))).size, rows.length, 'an IV of its own for each');
      await gateway.stop();

      const good = await checked(database, cipher, format, encrypt(key, words('from the app')));
      assert.equal(good.code, 0, good.stdout + good.stderr);
      const bad = await checked(database, cipher, format, encrypt(key, words('from the app')), { key: 'f00d'.repeat(format === 'hex' ? 16 : 8) + (format === 'base64' ? 'f00df00dfoA=' : '') });
      assert.notEqual(bad.code, 0, `with another key:\n${bad.stdout}`);
      for (const { stdout, stderr } of [good, bad]) assert.ok(!(stdout + stderr).includes(SPOKEN), 'what was said is not told');
    });
  }

  test('plaintext is stored when it is asked for by name, and only then', async (t) => {
    const gateway = await startGateway(t, { MESSAGE_CIPHER: 'plaintext', MESSAGE_ENCRYPTION_KEY: undefined });
    const ann = await connect(t, gateway, 'ann');
    await join(ann, 'lobby');
    await say(ann, 'lobby', 'hello');
    const [row] = await gateway.database.query('SELECT "text" FROM "Message"');
    assert.equal(row.text, words('hello'));

    const without = await runGateway([], { DATABASE_URL: gateway.database.url, MESSAGE_ENCRYPTION_KEY: undefined });
    assert.equal(without.code, 1);
    assert.match(without.stderr, /MESSAGE_ENCRYPTION_KEY is not set/);
  });
});
