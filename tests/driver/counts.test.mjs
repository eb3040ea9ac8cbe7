// The driver must never call a run green that was not: each kind of output, and each way to end badly.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count } from './counts.mjs';

test('cmocka: a line for each test', () => {
  const output = '1..3\nok 1 - a\nnot ok 2 - b\n# 0x1 != 0x2\nnot ok 3 # SKIP c\n# not ok - group\n';
  assert.deepEqual(count('tap', output, false), { passed: 1, failed: 1, skipped: 1 });
});

test('cmocka: a crash after a passed test is a failure', () => {
  assert.deepEqual(count('tap', '1..2\nok 1 - a\n', false), { passed: 1, failed: 1, skipped: 0, note: 'ended badly' });
});

test('node:test: both reporters, a cancelled test counts as failed', () => {
  for (const sign of ['#', 'ℹ']) {
    const output = ['tests 6', 'pass 3', 'fail 1', 'cancelled 1', 'skipped 1', 'todo 0'].map((line) => `${sign} ${line}`).join('\n');
    assert.deepEqual(count('summary', output, false), { passed: 3, failed: 2, skipped: 1 });
  }
});

test('vitest and Playwright in one output, in colour', () => {
  const output = ' Test Files  1 failed | 1 passed (2)\n\u001b[2m      Tests \u001b[22m 1 failed | 11 passed | 2 skipped (14)\n  3 passed (2.1s)\n';
  assert.deepEqual(count('summary', output, false), { passed: 14, failed: 1, skipped: 2 });
});

test('no test at all is a failure, whatever the exit code', () => {
  assert.deepEqual(count('summary', '# tests 0\n# pass 0\n# fail 0\n', true), { passed: 0, failed: 1, skipped: 0, note: 'ran no test' });
  assert.deepEqual(count('tap', '', true), { passed: 0, failed: 1, skipped: 0, note: 'ran no test' });
});

test('node:test: all skipped is no failure when it says why', () => {
  const counts = 'ℹ pass 0\nℹ fail 0\nℹ skipped 2\n';
  assert.deepEqual(count('summary', `﹣ the machine (0.1ms) # it needs root\n${counts}`, true), { passed: 0, failed: 0, skipped: 2, note: 'skipped: it needs root' });
  assert.equal(count('summary', counts, true).failed, 1);
});

test('a failed runner whose tests all passed is a failure', () => {
  assert.equal(count('summary', 'ℹ pass 4\nℹ fail 0\n', false).failed, 1);
});

test('a check that says yes or no', () => {
  assert.deepEqual(count('exit', 'anything', true), { passed: 1, failed: 0, skipped: 0 });
  assert.equal(count('exit', 'anything', false).failed, 1);
});
