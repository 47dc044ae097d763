// Runs files of tests: those that keep a core busy, with a browser or thousands of connections, one at a time, and beside them the others, those
// first that take longest. All at once, or by name as node --test has them, others wait for seconds, and a core is left idle at the end.
// `node run.js FILE..` fails where one of them does.
import { basename } from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';

const BUSY = ['sample-entrance', 'sample', 'nextjs', 'nginx-limits'];
const LONGEST = ['chaos', 'chaos-cluster', 'proxies', 'recovery'];

const nameOf = (file) => basename(file, '.test.js');
const place = (file) => LONGEST.indexOf(nameOf(file)) + 1 || LONGEST.length + 1;

const files = process.argv.slice(2).sort((one, other) => place(one) - place(other));
const isBusy = (file) => BUSY.includes(nameOf(file));

for (const [some, concurrency] of [[files.filter(isBusy), 1], [files.filter((file) => !isBusy(file)), 3]]) {
  if (some.length === 0) continue; // of no files, node runs all that it finds
  run({ files: some, concurrency, timeout: 600_000 })
    .on('test:fail', () => (process.exitCode = 1))
    .compose(new Spec())
    .pipe(process.stdout, { end: false });
}
