// socketgate check, and what it says.
import assert from 'node:assert/strict';
import { MESSAGE_KEY, PASSWORD } from './database.js';
import { JWT_SECRET, runGateway } from './gateway.js';

/** Runs it and sorts what it says: the lines of each step, `ok`, `fault`, … and the fixes below. */
export function check(env, ...args) {
  return checkIn({}, env, ...args);
}

/** The same in a folder that has these files: an app's code, its .env. */
export async function checkIn(files, env, ...args) {
  const { code, stdout, stderr } = await runGateway(['check', ...args], env, files);
  for (const secret of [JWT_SECRET, MESSAGE_KEY, PASSWORD, 'eyJ']) assert.ok(!(stdout + stderr).includes(secret), `tells a secret:\n${stdout}${stderr}`);
  const steps = [];
  for (const line of stdout.split('\n')) {
    const [, outcome, step, text] = line.match(/^(ok|fault|warning|not tried|…) +(\w+) +(.*)/) ?? [];
    if (step) steps.push({ outcome, step, text, below: '' });
    else if (steps.length > 0) steps.at(-1).below += `${line.trim()}\n`;
  }
  return { code, steps, said: stdout + stderr };
}

/** Fails unless exactly this step has a fault, which says that, and names the line to change. */
export function hasFault({ code, steps, said }, step, text, fix) {
  assert.equal(code, 1, said);
  const faults = steps.filter(({ outcome }) => outcome === 'fault');
  assert.deepEqual(faults.map((fault) => fault.step), [step], said);
  assert.match(faults[0].text, text);
  assert.match(faults[0].below, fix);
}

/** Fails unless there is no fault, and these steps went well. */
export function allWell({ code, steps, said }, ...names) {
  assert.equal(code, 0, said);
  for (const name of names) assert.ok(steps.some(({ step, outcome }) => step === name && outcome === 'ok'), `${name} in\n${said}`);
}
