// A run in one line, and what was wrong below it.
import { isGood } from './verdict.js';

/** Whether nothing at all is wrong with a run. */
export function passed(options, figures) {
  return isGood(figures, options) && figures.collapses.length === 0 && figures.unanswered.length === 0;
}

const share = (part, whole) => `${(100 * (whole === 0 ? 1 : part / whole)).toFixed(3)} %`;

export function report(options, figures) {
  const { seed, faults, database, mode, clients, seconds } = options;
  const { due, heard, fetched, lost, doubled, disordered, uninvited } = figures;
  const { said, acked, stored, missing, untrue, twice, altered, unsaid } = figures;
  const verdict = passed(options, figures) ? 'ok    ' : 'FAILED';
  const line = [
    `${verdict} seed ${seed}, ${faults.join('+') || 'no faults'}, ${database}, ${mode}, ${clients} clients, ${seconds} s`,
    `heard ${share(heard, due)} of ${due}, by a reload ${share(fetched, due)}`,
    `lost ${lost}, doubled ${doubled}, out of order ${disordered}, uninvited ${uninvited}`,
    `${said} said, ${acked} acked, ${stored} stored`,
    `acked and missing ${missing}, told and missing ${untrue}, stored twice ${twice}, altered ${altered}, strange ${unsaid}`,
    `${figures.recovered + figures.anew} came back, ${figures.recovered} recovered`,
    `${figures.starts} starts of the gateway`,
  ].join('; ');
  const below = Object.entries(figures.refusals).map(([code, count]) => `refused ${count} times: ${code}`);
  if (figures.unsorted > 0) below.push(`ids that do not rise with createdAt: ${figures.unsorted}`);
  below.push(...Object.entries(figures.counters).map(([name, value]) => `${name} ${value}`));
  below.push(...figures.collapses.map((how) => `the gateway ended by itself: ${how}`), ...figures.unanswered);
  if (!passed(options, figures)) below.push(...figures.examples);
  return [line, ...below].join('\n  ');
}
