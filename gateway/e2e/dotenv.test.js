// The .env files as Next.js reads them: @next/env and the gateway are given the same folders, and must end with the same variables.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { later, test } from './harness/test.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

// Each is a whole .env; what A and the others are is for @next/env to say.
const FILES = [
  'A=ab#cd', "A='a$b'", 'A=a$b', 'A=a\\$b', 'A=${X:-d}', 'A=${DEFINED_BELOW}\nDEFINED_BELOW=x', 'A=`b c`', '\ufeffA=x', 'a foreign line\nA=x', 'A=x\n???\nB=y',
  'A=postgres://u:p#w@h/db?a=b', 'A="x # y" # z', "A='x # y' # z", 'A=x # y', 'A=x#', 'A=#x', 'A= #x', 'A="#x"#y', "A='x", 'A="x\nB=y', 'A="x\nB="y"', "A='x' y 'z'", "A=x'y'", '# A=x', ' # A=x\nA=y',
  'export A=x', 'export  A = x', 'export A', 'export\nA=x', 'export=x', 'export =x', 'export A\nB=x', 'exportA=x', 'export export A=x', 'EXPORT A=x',
  'A:x', 'A: x', 'A:\tx', 'A : x', 'A:\nB=x', 'A: =x', 'A = x', 'A\n=\nx', 'A=\n\nB=y', "A=\n'x'", 'A=\n"x"\nB=y', 'A=   \n`x`', 'A', 'A=', '=x', 'A==x', 'A=x=y', 'A B=x', 'A.b-c=x', 'Ä=x', 'A=x B=y', '-=x', '.=x', '1=x\nA=$1',
  'A="x\\ny"', "A='x\\ny'", 'A=x\\ny', 'A="x\\ry\\tz"', 'A="x\\\\ny"', 'A="x\\"y"', "A='it\\'s'", 'A=`x\\`y`', 'A="x\\"', "A='\\'", "A='\\' y'", "A='x\\'y' z", "A='x\\'\ny' z\n'", 'A="a" "b"', 'A="a"b"', "A=''", 'A=""', 'A=``', "A=' x '", 'A=" x\n "', 'A="\'x\'"', "A='\"x\"'",
  'A="one\ntwo\nthree"', 'A="one\r\ntwo"', 'A=x\r\nB=y\r\n', 'A=x\rB=y\r', 'A="one\n"two"\nthree"', "A='one'\n'two'", '-----\nA="-----BEGIN KEY-----\nx=\n-----END KEY-----\n"\nB=y', 'A=\t x \t', 'A=\u00a0x\u00a0', 'A=\u0085x\u0085', 'A=\u3000x', 'A=x\u2028B=y', "A='x'\u2028B=y", '# c\u2028A=x', 'A\u2028=x', "A='x\u2028y'", 'A=\u2028x', 'A="x"\u2029',
  'A=$B\nB=x', 'A=${B}\nB=$C\nC=x', 'B=x\nA=$B$B', 'B=x\nA=${B', 'B=x\nA=$B}', 'B=x\nA={$B}', 'A=${}', 'A=$', 'A=x$', 'A=$ x', 'A=$B-cost$\nB=x', 'A=$$', 'A=$$B\nB=x', 'A=a$$b', 'A=${B:-}', 'A=${B:-$C}\nC=x', 'A=${B:-${C:-d}}', 'A=${B:-x y}', 'A=${B-x}', 'A=${B:=x}', 'A=${B:-a\\}', 'A=$B:-x',
  'A=\\$B\nB=x', 'A=\\\\$B\nB=x', 'A=$B\\$B\nB=x', 'A=\\$B$B\nB=x', 'A=\\${B}', "A='\\$B'", 'A="\\$B"', 'A=$B\nB=\\$C\nC=x', 'B=\\$C\nA=$B\nC=x', 'A=pa$$word', 'A=pa$sword!', 'A=$2b$10$abcdefghijklmnopqrstuv', "A='$2b$10$abcdefghijklmnopqrstuv'", 'A=\\$2b\\$10\\$abc',
  "B='$&'\nA=<$B>", 'B=\\$&\nA=<$B>', 'B=\\$\\$\nA=<$B>', "B=\\$'\nA=<$B>", 'B=\\$`\nA=<$B>', 'B=\\$1\nA=$B',
  'A=$A', 'A=x$A', 'B=y\nA=$A', 'A=$B\nB=$A\nC=x', 'A=${A:-x}', 'A=\\$A', 'A=$HELD', 'HELD=$OTHER', 'HELD=x\nA=$HELD', 'DOLLAR=x\nA=$DOLLAR', 'EMPTY=x\nA=$EMPTY', 'A=${EMPTY:-d}', 'DOLLAR=\nA=x', 'A=x\nA=y', 'A=$A\nA=x', 'A=x\nA=$A', '', '\n\n', ' ', '\ufeff', 'A=x\u0000y\nB=$A',
];

// What the process has; a variable that a file has too is expanded by @next/env.
const PROCESS = { HELD: 'held', DOLLAR: 'p$HELD$NONE', EMPTY: '', NODE_ENV: 'development' };

test('@next/env and the gateway read the same from every form of a line', async (t) => {
  const folders = [];
  for (const text of FILES) folders.push({ '.env': text });
  folders.push({ '.env': Buffer.from('A=caf\xe9\nB=\xe2\x82\xff', 'latin1') });
  await same(t, folders);
});

test('and from several files, of which the later ones see the earlier ones', async (t) => {
  await same(t, [
    { '.env': 'A=x\nB=y', '.env.local': 'A=z' },
    { '.env': 'A=$B\nB=1', '.env.local': 'B=2' },
    { '.env': 'B=1', '.env.local': 'A=$B' },
    { '.env': 'A=x$y', '.env.local': 'A=x\\$y' },
    { '.env': 'B=$A', '.env.local': 'A=x\\$y' },
    { '.env': 'A=1\nC=3', '.env.local': 'A=$A\nC=4', '.env.development': 'B=2' },
    { '.env': 'A=4', '.env.development': 'A=3', '.env.local': 'A=2', '.env.development.local': 'A=1', '.env.production': 'A=5', '.env.test': 'A=6' },
    { '.env': 'DOLLAR=y', '.env.local': 'DOLLAR=x\nA=$DOLLAR' },
  ]);
});

test('and from files that nobody would write', async (t) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  const files = Number(process.env.FILES ?? 1000);
  t.diagnostic(`SEED=${seed} FILES=${files}`);
  const pick = random(seed);
  await same(t, Array.from({ length: files }, () => {
    const folder = { '.env': generated(pick) };
    if (pick(3) === 0) folder['.env.local'] = generated(pick);
    return folder;
  }));
}, { timeout: 240_000 });

/** Has both read each folder, and fails with the ones that they don't agree about. */
async function same(t, folders) {
  const top = await mkdtemp(join(tmpdir(), 'dotenv-'));
  later(t, () => rm(top, { recursive: true, force: true }));
  const dirs = await Promise.all(folders.map(async (files, i) => {
    const dir = join(top, String(i));
    await mkdir(dir);
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    return dir;
  }));
  const list = join(top, 'dirs.json');
  await writeFile(list, JSON.stringify(dirs));
  const [next, gateway] = await Promise.all([nextReads(list), gatewayReads(dirs)]);
  assert.deepEqual([next.length, gateway.length], [dirs.length, dirs.length]);
  const different = folders.flatMap((files, i) => (isDeepStrictEqual(next[i], gateway[i]) ? [] : [{ files: show(files), next: next[i], gateway: gateway[i] }]));
  assert.deepEqual(different.slice(0, 10), [], `${different.length} of ${folders.length} differ`);
}

// What values are made of. Nothing refers to A, B and C, and D and E to nothing in the file: @next/env follows a circle for many
// seconds before it gives up.
const REFERENCES = ['$D', '${D}', '$E', '${E:-$HELD}', '$HELD', '${HELD}', '$DOLLAR', '${EMPTY:-e}', '$NONE', '${NONE:-d}', '$$', '$&'];
const PIECES = [
  ' ', '  ', '\t', '\n', '\r\n', '\r', '#', ' # ', '=', ': ', "'", "'", '"', '"', '`', '\\', '\\n', '\\r', '\\$', "\\'", '\\"', '$', '${', '}', ':-',
  'x', 'y z', '1', '.', '-', '_', 'é', '🦊', '\u00a0', '\u0085', '\u2028', '\ufeff', '\0', 'export',
];
const PLAIN = ['x', ' y', '=', '#', '\\$', '\\n', '$HELD', '${NONE:-d}', '.'];

function generated(pick) {
  const one = (list) => list[pick(list.length)];
  const some = (most, piece) => Array.from({ length: pick(most) }, piece).join('');
  const line = () => {
    const quote = one(['', '', '"', "'", '`']);
    const value = some(8, () => one(pick(3) === 0 ? REFERENCES : PIECES));
    return one(['', '', '', ' ', 'export ', '# ', '\ufeff', '?']) + one('ABC') + one(['=', '=', '=', ' = ', ': ', '\n=', ':']) + quote + value + one([quote, quote, '', quote + ' # c']);
  };
  const lines = [`D=${some(5, () => one(PLAIN))}`, ...Array.from({ length: 1 + pick(5) }, line), `E=${some(5, () => one(PLAIN))}`];
  return lines.join(one(['\n', '\n', '\r\n', '\n\n']));
}

/** Numbers below its argument, the same ones for the same seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const show = (files) => Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.toString('latin1')]));

async function gatewayReads(dirs) {
  const process = Object.entries(PROCESS).map(([name, value]) => `${name}=${value}`);
  const questions = dirs.map((dir) => JSON.stringify({ dir, process })).join('\n');
  const answers = await run('go', ['run', './harness/dotenv'], questions, globalThis.process.env);
  return answers.trim().split('\n').map((line) => JSON.parse(line));
}

async function nextReads(list) {
  return JSON.parse(await run(process.execPath, ['harness/next-env.js', list], '', PROCESS));
}

function run(command, args, input, env) {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { cwd: HERE, env, maxBuffer: 1 << 28 }, (failure, stdout, stderr) => {
      if (failure) reject(new Error(`${command}: ${failure.message}\n${stderr}`));
      else resolve(stdout);
    });
    child.stdin.end(input);
  });
}
