// Folders of a test, under names by which the next tests/run sweeps what a killed test has left: test-<pid>-….

import { mkdirSync, mkdtempSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TESTS_DIR = resolve(process.env.RUN_DIR ?? join(dirname(fileURLToPath(import.meta.url)), '../../.run'));

/** A new folder, to be removed by whoever asked for it. */
export function makeFolder(kind) {
  mkdirSync(TESTS_DIR, { recursive: true });
  return mkdtempSync(join(TESTS_DIR, `test-${process.pid}-${kind}-`));
}
