// The test suites, in the order they run: the quick ones that judge most first. A suite whose
// folder is missing is a failure, never silently nothing.
//
//   first      the build, which is made whichever suites are asked for; nothing runs when it fails
//   needs      what must be there
//   commands   [{run: [program, ...arguments], title}], made when the suite's turn comes
//              (prepares: has no tests of its own, and nothing follows when it fails)
//   counts     how its output tells what happened (see counts.mjs)
//   sanitized  also worth running against a sanitizer build (SAN=...)
//   minutes    the deadline of each of its commands
//   ahead      a command that may run from the start on whatever processors are idle; the suite waits for it by itself

import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const SAN = process.env.SAN ?? '';
const BUILD = `build/${SAN || 'plain'}`;

const executable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const unitTests = (root) =>
  readdirSync(join(root, BUILD, 'tests/unit'), { recursive: true })
    .filter((name) => /(^|\/)test_[^/.]+$/.test(name))
    .map((name) => join(root, BUILD, 'tests/unit', name))
    .filter(executable)
    .sort()
    .map((path) => ({ run: ['timeout', '60', path], title: relative(join(root, BUILD, 'tests/unit'), path) }));

// The same under the address and undefined behaviour sanitizers; their names are those of the sources, as they are built first.
const SANITIZERS = 'address,undefined';
const sanitizedUnitTests = (root) => {
  const sources = readdirSync(join(root, 'tests/unit'), { recursive: true }).filter((name) => /\/test_[^/]+\.c$/.test(name)).sort();
  const tests = sources.map((name) => name.slice(0, -2));
  return [
    { run: ['make', '--no-print-directory', '-j2', `SAN=${SANITIZERS}`, 'unit'], prepares: true },
    ...tests.map((title) => ({ run: ['timeout', '120', join(root, 'build', SANITIZERS, 'tests/unit', title)], title })),
  ];
};

// Each file may start a whole product; two of them share two cores well, as most of their time is waiting.
const nodeTests = (root, folder, atOnce = 1, limit = 1500000) => {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.mjs')).sort();
  const flags = ['--test', `--test-concurrency=${atOnce}`, `--test-timeout=${limit}`, '--test-reporter=spec'];
  return files.length ? [{ run: [process.execPath, ...flags, ...files.map((name) => join(folder, name))] }] : [];
};

// Machines that boot take their time, most of it the first time.
const realTests = (root) => nodeTests(root, 'tests/real', 2, 4 * 3600e3);
const makeMachines = [process.execPath, 'tests/sandbox/machines/nspawn/prepare.js'];

const npmOnce = (folder) => ({ run: ['deploy/npm', 'once', folder], prepares: true });
const npmTest = (folder) => [npmOnce(folder), { run: ['deploy/npm', 'test', '--prefix', folder] }];

export const suites = [
  { name: 'build', needs: 'Makefile', commands: () => [{ run: ['make', '--no-print-directory', '-j2', 'programs', 'unit', 'frontend'], prepares: true }], counts: 'exit', first: true, minutes: 15 },
  { name: 'lint', needs: 'Makefile', commands: () => [{ run: ['make', '--no-print-directory', 'lint'] }], counts: 'exit', minutes: 10 },
  { name: 'unit', needs: `${BUILD}/tests/unit`, commands: unitTests, counts: 'tap', sanitized: true, minutes: 2 },
  { name: 'sanitizers', needs: 'tests/unit', commands: sanitizedUnitTests, counts: 'tap', minutes: 10 },
  { name: 'driver', needs: 'tests/driver', commands: (root) => nodeTests(root, 'tests/driver'), counts: 'summary', minutes: 1 },
  { name: 'sandbox', needs: 'tests/sandbox/package.json', commands: () => npmTest('tests/sandbox'), counts: 'summary', minutes: 20 },
  { name: 'frontend', needs: 'frontend/package.json', commands: () => npmTest('frontend'), counts: 'summary', minutes: 10 },
  { name: 'integration', needs: 'tests/integration', commands: (root) => nodeTests(root, 'tests/integration', 2), counts: 'summary', sanitized: true, minutes: 45 },
  { name: 'chaos', needs: 'tests/chaos', commands: (root) => [...nodeTests(root, 'tests/chaos'), { run: ['tests/chaos/run'] }], counts: 'summary', sanitized: true, minutes: 5 },
  { name: 'browser', needs: 'tests/browser', commands: (root) => [npmOnce('tests/browser'), ...nodeTests(root, 'tests/browser')], counts: 'summary', minutes: 10 },
  { name: 'real', needs: 'tests/real', commands: (root) => [npmOnce('tests/sandbox'), npmOnce('tests/browser'), ...realTests(root)], counts: 'summary', minutes: 60, ahead: process.getuid() === 0 && makeMachines },
];

export const sanitizer = SAN;

// The services a test starts are those of the same build.
export const binDir = `${BUILD}/bin`;
