// What is kept for the next machines stays within its limits.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { prune } from '../machines/nspawn/prepare.js';

const GIB = 1024 ** 3;
const HOUR_S = 3600;

test('packages kept longest go when they are too many, and what was never finished; images only when nobody uses them', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'prepare-'));
  t.after(() => rm(cache, { recursive: true, force: true }));
  const age = (path, hours) => utimes(path, Date.now() / 1000 - hours * HOUR_S, Date.now() / 1000 - hours * HOUR_S);
  const keep = async (name, size, hours) => {
    const path = join(cache, 'packages', name);
    await writeFile(path, '');
    await truncate(path, size); // takes no room
    await age(path, hours);
  };
  for (const [image, days] of [['base-old', 31], ['base-used', 29]]) {
    await mkdir(join(cache, image));
    await age(join(cache, image), 24 * days);
  }
  await mkdir(join(cache, 'packages'));
  for (const [name, hours] of [['oldest', 40], ['older', 30], ['new', 20], ['newest', 10]]) await keep(name, Math.round(0.9 * GIB), hours);
  await keep('cut-off.half', GIB, 2);
  await keep('under-way.half', GIB, 0);
  await prune(cache);
  assert.deepEqual((await readdir(join(cache, 'packages'))).sort(), ['new', 'newest', 'under-way.half']);
  assert.deepEqual((await readdir(cache)).sort(), ['base-used', 'packages']);
});
