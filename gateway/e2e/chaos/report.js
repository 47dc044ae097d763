// A run in one line, and what was wrong below it.
import { isGood } from './verdict.js';

/** Whether nothing at all is wrong with a run. */
export function passed(options, figures) {
  return isGood(figures, options) && figures.collapses.length === 0 && figures.unanswered.length === 0;
}

export function report(options, figures) {
  const { seed, faults, database, mode, clients, seconds } = options;
  const share = (part, whole) => `${(100 * (whole === 0 ? 1 : part / whole)).toFixed(3)} %`;
  const { due, heard, fetched, lost, said, stored, acked } = figures;
  const line = [
    `${passed(options, figures) ? 'ok    ' : 'FAILED'} seed ${seed}, ${faults.join('+') || 'no faults'}, ${database}, ${mode}, ${clients} clients, ${seconds} s`,
    `heard ${share(heard, due)} of ${due}, by a reload ${share(fetched, due)}, lost ${lost}, doubled ${figures.doubled}, out of order ${figures.disordered}, uninvited ${figures.uninvited}`,
    `${said} said, ${acked} acked, ${stored} stored; acked and missing ${figures.missing}, told and missing ${figures.untrue}, stored twice ${figures.twice}, altered ${figures.altered}, strange ${figures.unsaid}`,
    `${figures.recovered + figures.anew} came back, ${figures.recovered} recovered; ${figures.starts} starts of the gateway`,
  ].join('; ');
  const wrong = [...figures.collapses.map((how) => `the gateway ended by itself: ${how}`), ...figures.unanswered, ...figures.examples];
  const refusals = Object.entries(figures.refusals).map(([code, count]) => `${count} ${code}`).join(', ');
  return [line, ...(refusals && [`refused: ${refusals}`]), ...(figures.unsorted ? [`ids not in the order of createdAt: ${figures.unsorted}`] : []), ...wrong].join('\n  ');
}
