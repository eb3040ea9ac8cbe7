// Reads from a suite's output how many of its tests passed, failed and were skipped.

const none = () => ({ passed: 0, failed: 0, skipped: 0 });

// cmocka with CMOCKA_MESSAGE_OUTPUT=TAP: a line for each test.
function tap(lines) {
  const counts = none();
  for (const line of lines) {
    const [, not, rest] = /^(not )?ok \d+(.*)/.exec(line) ?? [];
    if (rest === undefined) continue;
    if (/#\s*skip/i.test(rest)) counts.skipped++;
    else if (not) counts.failed++;
    else counts.passed++;
  }
  return counts;
}

const WORDS = { pass: 'passed', passed: 'passed', fail: 'failed', failed: 'failed', cancelled: 'failed', skipped: 'skipped', todo: 'skipped', flaky: 'passed' };

// The closing lines of node:test (`ℹ pass 3`), vitest (`Tests  1 failed | 3 passed (4)`) and Playwright
// (`  3 passed (2.1s)`); one output may hold several.
function summary(lines) {
  const counts = none();
  const add = (word, n) => {
    if (WORDS[word]) counts[WORDS[word]] += Number(n);
  };
  for (const line of lines) {
    const node = /^[#ℹ] (pass|fail|cancelled|skipped|todo) (\d+)$/.exec(line);
    const vitest = /^\s*Tests\s+(\d+ .*)\(\d+\)\s*$/.exec(line);
    const playwright = /^ {2}(\d+) (passed|failed|flaky|skipped)( \([\d.]+m?s\))?$/.exec(line);
    if (node) add(node[1], node[2]);
    else if (vitest) for (const [, n, word] of vitest[1].matchAll(/(\d+) (\w+)/g)) add(word, n);
    else if (playwright) add(playwright[2], playwright[1]);
  }
  return counts;
}

// A check that only says yes or no.
const exit = (lines, ok) => ({ ...none(), passed: ok ? 1 : 0 });

const readers = { tap, summary, exit };

// Why node:test skipped: `﹣ the title (1.5ms) # the reason`.
const reason = (lines) => lines.map((line) => /^﹣ .* # (.+)$/.exec(line)?.[1]).find(Boolean);

/**
 * The counts of one command's output. A runner that failed without naming a failed test, or that ran none at all and
 * skipped none either, is itself one failure; `note` says so, and why all of it was skipped.
 */
export function count(kind, output, ok) {
  const lines = output.replace(/\u001b\[[0-9;]*m/g, '').split(/\r?\n/);
  const counts = readers[kind](lines, ok);
  if (!ok && counts.failed === 0) return { ...counts, failed: 1, note: kind === 'exit' ? undefined : 'ended badly' };
  if (counts.passed + counts.failed > 0) return counts;
  const why = reason(lines);
  return counts.skipped && why ? { ...counts, note: `skipped: ${why}` } : { ...counts, failed: 1, note: 'ran no test' };
}
