// Names what failed, a line each with the first words of why, so that the end of a run tells it all.

const LENGTH = 200;

// node:test repeats them at its end: `test at file:line:column`, `✖ title (12ms)`, the error's first line.
function nodes(lines) {
  const start = lines.indexOf('✖ failing tests:');
  if (start < 0) return [];
  const found = [];
  for (let i = start + 1; i < lines.length; i++) {
    const place = /^test at (.+):\d+:\d+$/.exec(lines[i]);
    const title = place && /^✖ (.+?)(?: \([\d.]+m?s\))?$/.exec(lines[i + 1] ?? '');
    if (title) found.push(`${place[1]}: ${title[1]}: ${why(lines.slice(i + 2))}`);
  }
  // A group fails because one in it did, and a test is cancelled because its group failed: the other says something.
  const told = found.filter((line) => !/: '(\d+ subtests? failed|test did not finish before its parent and was cancelled)'$/.test(line));
  return told.length ? told : found;
}

// An assertion without a message of its own says only how it compares; what it compares follows.
function why(lines) {
  const end = lines.findIndex((line) => /^(test at |\s+at |\s*[{}] *$)/.test(line));
  return lines.slice(0, end < 0 ? 8 : Math.min(end, 8)).map((line) => line.trim()).filter(Boolean).join(' ');
}

const cmocka = (lines) => lines.map((line) => /^not ok \d+ - (?!.*# *skip)(.+)$/i.exec(line)?.[1]).filter(Boolean);
const vitest = (lines) => lines.map((line) => /^\s*FAIL\s+(.+)$/.exec(line)?.[1]).filter(Boolean);

/** Never more than LENGTH characters each, each named once. */
export function failures(output) {
  const lines = output.replace(/\u001b\[[0-9;]*m/g, '').split(/\r?\n/);
  const all = [...nodes(lines), ...cmocka(lines), ...vitest(lines)];
  return [...new Set(all.map((line) => (line.length > LENGTH ? `${line.slice(0, LENGTH - 1)}…` : line)))];
}
