// The command scripts/chaos: see options.js.
import { readFile, writeFile } from 'node:fs/promises';
import { USAGE, parse } from './options.js';
import { passed, report } from './report.js';
import { run } from './run.js';

const SEEDS = new URL('seeds.json', import.meta.url);

/** In a test's place: what is started for one run is taken down after it. */
function oneRun() {
  const ends = [];
  return { after: (end) => ends.push(end), end: async () => { for (const end of ends) await end(); } };
}

async function keepSeed(options) {
  const seeds = JSON.parse(await readFile(SEEDS));
  seeds.push(options);
  await writeFile(SEEDS, `[\n${seeds.map((seed) => `  ${JSON.stringify(seed)}`).join(',\n')}\n]\n`);
}

async function main({ help, runs, keep }) {
  if (help) return void console.log(USAGE);
  for (const options of runs) {
    const t = oneRun();
    let good = false;
    try {
      const figures = await run(t, options);
      good = passed(options, figures);
      console.log(report(options, figures));
    } finally {
      if (!good) process.exitCode = 1;
      if (!good && keep) await keepSeed(options);
      await t.end().catch((failure) => { // is told beside what went wrong before
        console.error(failure);
        process.exitCode = 1;
      });
    }
  }
}

function understood(args) {
  try {
    return parse(args);
  } catch (failure) {
    console.error(`scripts/chaos: ${failure.message} (-h lists the options)`);
    process.exit(2);
  }
}

await main(understood(process.argv.slice(2)));
