// What @next/env makes of folders with .env files: run as a program, since it is the process's own environment that it changes.
// `node next-env.js LIST` reads the paths of folders, a JSON array, and prints the variables that each gives, as another.
import { readFile } from 'node:fs/promises';
import nextEnv from '@next/env';

const own = { ...process.env };
const silent = { info() {}, error() {} };
const read = JSON.parse(await readFile(process.argv[2], 'utf8')).map((dir) => {
  nextEnv.loadEnvConfig(dir, true, silent, true); // begins with the environment that it met at the first call
  const { __NEXT_PROCESSED_ENV, ...variables } = process.env;
  for (const name of Object.keys(variables)) variables[name] = variables[name].split('\0')[0]; // Node has more where the name is a number, and hands it on to nobody
  nextEnv.resetEnv();
  for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
  Object.assign(process.env, own);
  return variables;
});
process.stdout.write(JSON.stringify(read));
