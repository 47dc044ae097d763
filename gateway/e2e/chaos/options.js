// What scripts/chaos may be told.
import { parseArgs } from 'node:util';
import { names, namesOn } from './faults.js';
import { namesOn as outagesOn } from './outages.js';
import { DEFAULTS } from './run.js';

/** Runs that have a name. */
const PRESETS = {
  drops: { faults: () => ['drops'] },
  kill: { faults: () => ['kill'] },
  // Where the gateway and its database or disk die together, sessions may go with them: then pages load the history.
  all: { faults: (database) => namesOn[database].filter((name) => name !== 'drops'), moves: 20_000, reloads: 0.05 },
  // Sessions are in Redis, and may go with it.
  cluster: { faults: () => outagesOn.server, gateways: 3, database: 'postgres', moves: 20_000, reloads: 0.05 },
  sentinel: { faults: () => outagesOn.sentinel, gateways: 3, redis: 'sentinel', database: 'postgres', moves: 20_000, reloads: 0.05 },
};

export const USAGE = `scripts/chaos: official clients behind lines that break, before a gateway and a database that die; nothing may be missed.

  scripts/chaos [drops|kill|all|cluster|sentinel] [options]

  drops   everybody's network is gone for 2 s in every 10 s (this is what runs without a name)
  kill    kill -9 of the gateway every 6 s, with a restart in 0.5 s
  all     everything that can go wrong, and people who change rooms
  cluster     three gateways on one Postgres and one Redis, and clients that come back at another one as behind nginx. What goes wrong
              does so by turns, or two things at once, and calm follows: ${outagesOn.server.join(', ')}
  sentinel    the same with a Redis of two servers that Sentinel watches, and failovers

  -seed N             repeats the luck of an earlier run, as far as time lets it
  -duration 60s       of faults: 90s, 30m, 1h
  -clients ${DEFAULTS.clients}         half join in every connect handler, half once; half by WebSocket alone; by turns they send with an id,
                      by the option retries, without an id, without an ack
  -rooms ${DEFAULTS.rooms}
  -database sqlite    or postgres, or both, one after the other
  -mode multi         or single (JOIN_MODE), or both
  -faults a,b         instead of the preset's: ${names.join(', ')}; of several gateways a+b are two that always come at once
  -pace 1s            between two messages of a person, about
  -moves 20s          between two changes of rooms of a person, about; 0s: none
  -gateways 3         of cluster and sentinel
  -crossing ${DEFAULTS.crossing / 1_000}s        how long a message may take from one gateway to the other while Redis is away
  -reloads 0.05       of those who come back, so many may start anew and load the history (all, cluster, sentinel: 0.05, else 0)
  -logs DIR           keeps there what every gateway logged and counted, what went wrong when, and what became of everybody, as lines of JSON
  -keep               adds the seed of a run that fails to gateway/e2e/chaos/seeds.json, which scripts/test repeats

It exits with 0 if every message that was acked is in the table, and everybody heard what their rooms were told from the ack of
their join to their leave, once, in the history's order. Of several gateways also if messages crossed in time without Redis, no list lacked
anybody in a rolling restart (roll), and all lists were exact after 5 s of calm.`;

const NAMES = ['seed', 'duration', 'clients', 'rooms', 'database', 'mode', 'faults', 'pace', 'moves', 'reloads', 'gateways', 'crossing', 'logs'];
const FLAGS = {
  ...Object.fromEntries(NAMES.map((name) => [name, { type: 'string' }])),
  keep: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

/** The runs that the arguments ask for, and whether to keep the seeds of those that fail. Throws an Error for the user. */
export function parse(args) {
  const { values, positionals } = parseArgs({
    args: args.map((arg) => arg.replace(/^-(?=[a-z]{2})/, '--')), // as Go's flags are written
    allowPositionals: true,
    options: FLAGS,
  });
  if (values.help) return { help: true };
  const preset = PRESETS[positionals[0] ?? 'drops'];
  if (!preset || positionals.length > 1) throw new Error(`no run is called ${positionals.join(' ')}: there are ${Object.keys(PRESETS).join(', ')}`);
  const seed = whole('seed', values.seed ?? Math.floor(Math.random() * 2 ** 32));
  const runs = [];
  for (const database of choice('database', values.database ?? preset.database ?? DEFAULTS.database, ['sqlite', 'postgres'])) {
    for (const mode of choice('mode', values.mode ?? DEFAULTS.mode, ['single', 'multi'])) {
      runs.push({
        seed, database, mode,
        faults: values.faults === undefined ? preset.faults(database) : named(values.faults, preset.gateways ? outagesOn[preset.redis ?? DEFAULTS.redis] : namesOn[database]),
        seconds: milliseconds('duration', values.duration ?? `${DEFAULTS.seconds}s`) / 1_000,
        clients: whole('clients', values.clients ?? DEFAULTS.clients),
        rooms: whole('rooms', values.rooms ?? DEFAULTS.rooms),
        pace: milliseconds('pace', values.pace ?? `${DEFAULTS.pace}ms`),
        moves: milliseconds('moves', values.moves ?? `${preset.moves ?? 0}ms`),
        reloads: Number(values.reloads ?? preset.reloads ?? 0),
        ...(values.logs && { logs: values.logs }),
        ...(preset.gateways && {
          gateways: whole('gateways', values.gateways ?? preset.gateways),
          redis: preset.redis ?? DEFAULTS.redis,
          crossing: milliseconds('crossing', values.crossing ?? `${DEFAULTS.crossing}ms`),
        }),
      });
    }
  }
  return { runs, keep: values.keep ?? false };
}

function choice(name, value, values) {
  if (value === 'both') return values;
  if (!values.includes(value)) throw new Error(`-${name} is ${values.join(', ')} or both, not ${value}`);
  return [value];
}

function named(list, names) {
  const chosen = list.split(',').filter(Boolean);
  for (const name of chosen.flatMap((one) => one.split('+'))) {
    if (!names.includes(name)) throw new Error(`-faults: ${name} is none of ${names.join(', ')} (of this run and database)`);
  }
  return chosen;
}

function whole(name, value) {
  if (!/^\d+$/.test(value)) throw new Error(`-${name} is a whole number, not ${value}`);
  return Number(value);
}

function milliseconds(name, value) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? [];
  if (!unit) throw new Error(`-${name} is a time such as 90s or 1h, not ${value}`);
  return Number(number) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit];
}
