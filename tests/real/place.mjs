// Whether this system can boot machines, and a place for them that nobody else uses. What the system does not allow, or
// has no package registry for, is a reason to skip; whatever else goes wrong is a failure.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeFolder, TESTS_DIR } from '../harness/folder.mjs';
import { CACHE, UNAVAILABLE } from '../sandbox/machines/nspawn/prepare.js';

const here = dirname(fileURLToPath(import.meta.url));
const PREPARE_MS = 50 * 60000; // on a host that is busy with other things
const LEAST_MEMORY_KB = 5 << 20; // two machines with OpenClaw, whose disks are in memory too

export const MACHINES = join(here, '../sandbox/machines/nspawn');
export const PICTURES = process.env.PICTURES ?? join(TESTS_DIR, 'test/screenshots');

/** The environment of a sandbox with a folder (RUN_DIR too) and a network of its own; both go with this process. */
export function place() {
  const dir = makeFolder('real');
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(PICTURES, { recursive: true });
  return { ...process.env, SANDBOX_DIR: dir, RUN_DIR: dir, SANDBOX_NET: `198.19.${process.pid % 250 + 1}`, NODE_TEST_CONTEXT: undefined, PICTURES };
}

/** A program that ends with this process, even by its SIGKILL. It is the same process from the first moment on. */
export const tied = (words, options) => spawn('setpriv', ['--pdeathsig', 'KILL', ...words], options);

const memory = () => Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))[1]);

function lacking() {
  if (process.getuid() !== 0) return 'booted machines need root';
  if (memory() < LEAST_MEMORY_KB) return `booted machines need ${LEAST_MEMORY_KB >> 20} GiB of free memory`;
  const { status, stderr } = spawnSync(join(MACHINES, 'run'), ['true'], { env: place(), encoding: 'utf8', timeout: 60000 });
  return status === 0 ? '' : (stderr ?? '').trim() || 'booted machines are not possible here';
}

function prepared() {
  const { status, stderr } = spawnSync(process.execPath, [join(MACHINES, 'prepare.js')], { encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'], timeout: PREPARE_MS });
  if (status === UNAVAILABLE) return `nothing can be installed here: ${stderr.trim()}`;
  if (status !== 0) throw new Error(`what machines are made of could not be made in ${CACHE}: ${stderr.trim() || 'it took too long'}`);
  return '';
}

/** Why the tests of real machines are skipped, or false. Makes what is missing, which takes minutes the first time. */
export function unable() {
  const why = (lacking() || prepared()).replaceAll(/\s+/g, ' ');
  if (why) console.log(`the tests of real machines are skipped: ${why}`);
  return why || false;
}
