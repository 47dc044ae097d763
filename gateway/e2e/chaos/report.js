// A run in one line, and what was wrong below it.
import { broken } from './chronicle.js';
import { DEFAULTS } from './run.js';
import { isGood } from './verdict.js';

/** Whether nothing at all is wrong with a run. */
export function passed(options, figures) {
  return isGood(figures, options) && figures.collapses.length === 0 && figures.unanswered.length === 0 && promises(options, figures).length === 0;
}

/** What several gateways promise besides, and did not keep. */
function promises({ crossing = DEFAULTS.crossing }, { chronicle, unsorted }) {
  if (!chronicle) return [];
  return [...broken(chronicle, crossing), ...(unsorted > 0 ? ['the ids are not in the order of the history'] : [])];
}

const share = (part, whole) => `${(100 * (whole === 0 ? 1 : part / whole)).toFixed(3)} %`;

export function report(options, figures) {
  const { seed, faults, database, mode, clients, seconds, gateways = 1 } = options;
  const { due, heard, fetched, lost, doubled, disordered, uninvited } = figures;
  const { said, acked, stored, missing, untrue, twice, altered, unsaid } = figures;
  const verdict = passed(options, figures) ? 'ok    ' : 'FAILED';
  const line = [
    `${verdict} seed ${seed}, ${faults.join('+') || 'no faults'}, ${database}, ${mode}, ${clients} clients, ${gateways > 1 ? `${gateways} gateways, ` : ''}${seconds} s`,
    `heard ${share(heard, due)} of ${due}, by a reload ${share(fetched, due)}`,
    `lost ${lost}, doubled ${doubled}, out of order ${disordered}, uninvited ${uninvited}`,
    `${said} said, ${acked} acked, ${stored} stored`,
    `acked and missing ${missing}, told and missing ${untrue}, stored twice ${twice}, altered ${altered}, strange ${unsaid}`,
    `${figures.recovered + figures.anew} came back, ${figures.recovered} recovered`,
    `${figures.starts} starts of the gateway`,
  ].join('; ');
  const below = Object.entries(figures.refusals).map(([code, count]) => `refused ${count} times: ${code}`);
  if (figures.unsorted > 0) below.push(`ids that do not rise with createdAt: ${figures.unsorted}`);
  if (figures.chronicle) below.push(...kinds(figures.chronicle), ...promises(options, figures));
  below.push(...Object.entries(figures.counters).map(([name, value]) => `${name} ${value}`));
  below.push(...figures.collapses.map((how) => `the gateway ended by itself: ${how}`), ...figures.unanswered);
  if (!passed(options, figures)) below.push(...figures.examples, ...chronicled(figures));
  return [line, ...below].join('\n  ');
}

function kinds({ kinds: all }) {
  return Object.entries(all).map(([kind, { times, crossing, flickers, unseen, absent, away, anew, inexact, healed }]) => {
    return `${kind}, ${times} times: crossing took ${Math.round(crossing)} ms at most; ${flickers} lists lacked somebody ` +
      `(${unseen} somebody who stays), ${absent} somebody who may have been away; back after ${Math.round(away)} ms at most, ${anew} began anew; ` +
      `exact ${Math.round(healed)} ms after all were back, ${inexact} never`;
  });
}

const chronicled = ({ chronicle }) => (chronicle?.examples ?? []).map(({ kind, what }) => `in ${kind}: ${what}`);
