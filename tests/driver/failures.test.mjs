// A run that fails far away is judged by its last lines: they must name the test and the reason.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { failures } from './failures.mjs';

function runner(source) {
  const folder = mkdtempSync(join(tmpdir(), 'failures-'));
  try {
    writeFileSync(join(folder, 'some.test.mjs'), `import { suite, test } from 'node:test'; import assert from 'node:assert/strict';\n${source}`);
    const environment = { ...process.env };
    delete environment.NODE_TEST_CONTEXT;
    return spawnSync(process.execPath, ['--test', '--test-reporter=spec', 'some.test.mjs'], { cwd: folder, env: environment, encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('node:test: the failed test with its file and error, not the group around it', () => {
  const [first, second, ...more] = failures(runner("suite('all', () => { test('adds', () => assert.deepEqual([1], [2])); test('is fine', () => {}); test('waits', () => { throw new Error('nothing came'); }); });"));
  assert.match(first, /^some\.test\.mjs: adds: AssertionError.*strictly deep-equal/);
  assert.match(second, /^some\.test\.mjs: waits: Error: nothing came$/);
  assert.deepEqual(more, []);
});

test('node:test: a group that could not begin', () => {
  const [first] = failures(runner("import { before } from 'node:test'; suite('all', () => { before(() => { throw new Error('no database'); }); test('reads', () => {}); });"));
  assert.match(first, /some\.test\.mjs: all: .*no database/);
});

test('cmocka and vitest; a skipped one is none; in a line of bounded length', () => {
  assert.deepEqual(failures('ok 1 - a\nnot ok 2 - b\nnot ok 3 - c # SKIP\n'), ['b']);
  assert.deepEqual(failures('\u001b[31m FAIL \u001b[39m src/a.test.ts > adds\n FAIL  src/a.test.ts > adds\n'), ['src/a.test.ts > adds']);
  assert.equal(failures(`not ok 1 - ${'x'.repeat(500)}\n`)[0].length, 200);
  assert.deepEqual(failures('ok 1 - a\n'), []);
});
