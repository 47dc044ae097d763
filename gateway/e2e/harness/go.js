// Servers of this folder in Go, built for the tests of one file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds gateway/e2e/NAME and returns the path of the binary, which is gone with this process. It is for a module's first lines: a cold build
 * on a slow machine takes longer than a test may. It has the flags of the gateway, so that what is compiled for that serves here too.
 */
export function goBinary(name) {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const binary = join(folder, name);
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  execFileSync('go', ['build', '-race', '-tags', 'lockorder', '-buildvcs=false', '-o', binary, `./gateway/e2e/${name}`], { cwd: root });
  return binary;
}
