// Makes everything booted machines need that takes long and stays: `node prepare.js` does it beforehand, the sandbox
// looks when it starts. It is kept in .run/machines, or where SANDBOX_CACHE says: each thing is named after what it was
// made from, appears whole or not at all, and is made by one process at a time. What can not be had because no package
// registry answers ends this program with status 69.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findArtifacts, makeArtifacts } from './artifacts.js';
import { Gate } from './gate.js';
import { imageName, makeImage } from './image.js';
import { readSources } from './sources.js';
import { Upstreams } from './upstream.js';

export const CACHE = resolve(process.env.SANDBOX_CACHE || fileURLToPath(new URL('../../../../.run/machines', import.meta.url)));
export const UNAVAILABLE = 69;

const SELF = fileURLToPath(import.meta.url);
const WAIT_S = 45 * 60;
const MOST_KEPT_BYTES = 2 * 1024 ** 3;
const KEPT_UNUSED_MS = 30 * 86400e3;
const HALF_MS = 3600e3; // a download that nothing was written to for so long was cut off

const exists = (path) => access(path).then(() => true, () => false);

async function filesOf(folder) {
  await mkdir(folder, { recursive: true });
  return Promise.all((await readdir(folder)).map(async (name) => {
    const { size, mtimeMs } = await stat(join(folder, name)).catch(() => ({ size: 0, mtimeMs: 0 }));
    return { name, path: join(folder, name), size, mtimeMs };
  }));
}

// Images nobody used for long go, and of the packages those kept longest, and what was never finished. It takes nothing
// from whoever works with it at the same time: an image is touched before it is used, an open file stays readable.
export async function prune(cache) {
  for (const { name, path, mtimeMs } of await filesOf(cache)) {
    if (name.startsWith('base-') && mtimeMs < Date.now() - KEPT_UNUSED_MS) await rm(path, { recursive: true, force: true });
  }
  let kept = 0;
  for (const { name, path, size, mtimeMs } of (await filesOf(join(cache, 'packages'))).sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    if (name.endsWith('.half')) {
      if (mtimeMs < Date.now() - HALF_MS) await rm(path, { force: true });
      continue;
    }
    kept += size;
    if (kept > MOST_KEPT_BYTES) await rm(path, { force: true });
  }
}

// { image, pebble, dist, values }, or null
async function find(cache) {
  const image = join(cache, await imageName());
  const artifacts = await findArtifacts(cache);
  if (!artifacts || !await exists(image)) return null;
  await utimes(image, new Date(), new Date());
  return { image, ...artifacts };
}

// Does anybody answer there? What is answered is for those who ask to judge.
async function mustAnswer(upstreams, url, what) {
  const { hostname, port, pathname } = new URL(url);
  const request = upstreams.request(upstreams.find(hostname, Number(port) || 80), { method: 'GET', path: pathname, headers: {} });
  request.setTimeout(20000, () => request.destroy(new Error('no answer in time')));
  try {
    const [reply] = await once(request.end(), 'response');
    reply.destroy();
  } catch (error) {
    throw Object.assign(new Error(`${what} does not answer: ${error.message || error.code}`), { unavailable: true });
  }
}

// The lock is held by whoever started this.
async function make(cache) {
  const half = join(cache, 'half');
  await rm(half, { recursive: true, force: true }); // of somebody who was cut off
  await mkdir(half, { recursive: true, mode: 0o700 });
  const sources = await readSources();
  const upstreams = new Upstreams(sources);
  const gate = new Gate({ sources, dist: join(cache, 'dist'), cache: join(cache, 'packages') });
  try {
    await mustAnswer(upstreams, sources.apt[0].uri, "Debian's archive");
    await mustAnswer(upstreams, sources.registry, "npm's registry");
    const proxy = `http://127.0.0.1:${await gate.open(0, '127.0.0.1')}`;
    const image = await exists(join(cache, await imageName())) ? null : makeImage(cache, half, sources, proxy);
    const done = await Promise.allSettled([image, makeArtifacts(cache, half)]);
    for (const { reason } of done) if (reason) throw reason;
  } finally {
    upstreams.close();
    await gate.close();
    await rm(half, { recursive: true, force: true });
  }
}

// { sources, image, pebble, dist, values }
export async function prepare(cache = CACHE) {
  await mkdir(cache, { recursive: true, mode: 0o700 });
  if (!await find(cache)) {
    const words = ['-w', String(WAIT_S), join(cache, 'lock'), process.execPath, SELF, 'make', cache];
    const [status] = await once(spawn('setpriv', ['--pdeathsig', 'KILL', 'flock', '-F', ...words], { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit');
    if (status !== 0) throw Object.assign(new Error('what the machines are made of could not be made'), { unavailable: status === UNAVAILABLE });
  }
  const found = await find(cache);
  if (!found) throw new Error('what the machines are made of is gone again');
  await prune(cache);
  return { sources: await readSources(), ...found };
}

// Under the lock: somebody else may have made all of it meanwhile.
async function main([verb, cache = CACHE]) {
  if (verb !== 'make') await prepare();
  else if (!await find(cache)) await make(cache);
}

if (process.argv[1] === SELF) {
  await main(process.argv.slice(2)).catch((error) => {
    console.error(`sandbox: ${error.message}`);
    process.exitCode = error.unavailable ? UNAVAILABLE : 1;
  });
}
