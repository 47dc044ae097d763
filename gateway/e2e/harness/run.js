// Runs files of tests, those first that take longest: one that began last would leave the other cores idle. node --test sorts them by name.
// `node run.js FILE..` fails where one of them does.
import { basename } from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';

const LONGEST = ['sample-entrance', 'sample', 'nextjs', 'chaos', 'chaos-cluster', 'proxies', 'recovery', 'nginx-limits'];

const place = (file) => (LONGEST.indexOf(basename(file, '.test.js')) + 1 || LONGEST.length + 1);
const files = process.argv.slice(2).sort((one, other) => place(one) - place(other));

run({ files, concurrency: 5, timeout: 600_000 })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(new Spec())
  .pipe(process.stdout);
