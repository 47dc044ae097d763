// Keeps what became of everybody in a run, beside what the gateways logged, so that what went wrong can be read afterwards.
import { writeFile } from 'node:fs/promises';

/** Writes all stories into a folder, in the order of time: lines of {time (ISO), who, what}. */
export async function keepStories(folder, people, chronicle) {
  const told = [...people, ...(chronicle ? [{ name: 'the run', story: chronicle.story }] : [])];
  const lines = told.flatMap(({ name, story }) => story.map(({ at, what }) => ({ at, who: name, what }))).sort((a, b) => a.at - b.at);
  const written = lines.map(({ at, who, what }) => JSON.stringify({ time: new Date(performance.timeOrigin + at).toISOString(), who, what }));
  await writeFile(`${folder}/story.jsonl`, `${written.join('\n')}\n`);
}
