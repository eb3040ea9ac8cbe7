// Runs suites one after the other, keeps each one's output in RUN_DIR/test/<suite>.log, shows the
// end of it when the suite failed, and sums up. The table's last line is `N passed, N failed`.

import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { binDir, sanitizer, suites } from './suites.mjs';
import { count } from './counts.mjs';
import { failures } from './failures.mjs';

const root = process.env.ROOT;
const runDir = resolve(root, process.env.RUN_DIR ?? '.run');
const logs = join(runDir, 'test');
const OUTPUT_LIMIT = 32 << 20;
const TAIL_LINES = 60;
const NAMES = 12;

const environment = {
  ...process.env,
  RUN_DIR: runDir,
  BIN_DIR: resolve(root, process.env.BIN_DIR ?? binDir),
  CMOCKA_MESSAGE_OUTPUT: 'TAP',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
};
// Suites that call make are no part of the make that called us.
for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'NODE_TEST_CONTEXT']) delete environment[name];

let current; // the command that runs
let stopped = false; // somebody has asked us to end

function signalGroup(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // all of it has ended already
  }
}

/** Ends a command's whole process group: first in order, so that a test may stop what it started. */
function end(child) {
  signalGroup(child, 'SIGTERM');
  return setTimeout(() => signalGroup(child, 'SIGKILL'), 30000);
}

function execute({ run: [program, ...args] }, minutes) {
  return new Promise((done) => {
    let output = '';
    let late;
    const child = spawn(program, args, { cwd: root, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    current = child;
    const timer = setTimeout(() => {
      output += `\n*** took longer than ${minutes} minutes\n`;
      late = end(child);
    }, minutes * 60000);
    const keep = (data) => {
      if (output.length < OUTPUT_LIMIT) output += data;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => keep(`${program}: ${error.message}\n`));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(late);
      current = undefined;
      signalGroup(child, 'SIGKILL'); // what it left behind
      if (code !== 0) keep(`*** ${program} ended with ${signal ?? `exit ${code}`}\n`);
      done({ output, ok: code === 0 });
    });
  });
}

// A killed process that nobody has waited for yet has a command line no more.
const isAlive = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
};

/** Stops what a killed test (its pid is in the name) has left running, and removes it. Its logs stay until the next run. */
function sweep({ logsToo }) {
  for (const name of readdirSync(runDir)) {
    const [, pid, rest] = /^test-(\d+)-(.+)$/.exec(name) ?? [];
    if (!pid || isAlive(pid)) continue;
    const leftover = join(runDir, name);
    const isProduct = /^\d+$/.test(rest); // the others hold nothing that runs or that anybody reads
    if (isProduct) spawnSync(join(root, 'deploy/demo'), ['down'], { env: { ...environment, RUN_DIR: leftover }, stdio: 'ignore', timeout: 90000 });
    for (const part of isProduct && !logsToo ? ['postgres', 'kafka', 'sandbox'] : ['.']) rmSync(join(leftover, part), { recursive: true, force: true });
  }
}

// What the services of a test's stack have logged (the harness leaves it there) is of interest when something failed.
const stacksLogs = join(logs, 'logs');
const forgetStacksLogs = () => rmSync(stacksLogs, { recursive: true, force: true });

function keepStacksLogs(name) {
  if (!existsSync(stacksLogs)) return [];
  const kept = join(logs, `${name}.stacks`);
  rmSync(kept, { recursive: true, force: true });
  renameSync(stacksLogs, kept);
  return [`services' logs in ${kept}`];
}

async function runSuite(suite) {
  const log = join(logs, `${suite.name}.log`);
  const total = { name: suite.name, passed: 0, failed: 0, skipped: 0, notes: [], names: [], tail: '' };
  const began = Date.now();
  writeFileSync(log, '');
  const commands = existsSync(join(root, suite.needs)) ? suite.commands(root) : [];
  if (commands.length === 0) {
    const why = existsSync(join(root, suite.needs)) ? `there is no test in ${suite.needs}` : `${suite.needs} is missing`;
    Object.assign(total, { failed: 1, notes: [why] });
  }
  for (const command of commands) {
    if (stopped) break;
    const { output, ok } = await execute(command, suite.minutes);
    if (command.prepares && ok) continue;
    const counts = count(suite.counts, output, ok);
    appendFileSync(log, `${command.title ? `== ${command.title}\n` : ''}${output}\n`);
    for (const key of ['passed', 'failed', 'skipped']) total[key] += counts[key];
    if (counts.note) total.notes.push([command.title, counts.note].filter(Boolean).join(' '));
    if (counts.failed) total.names.push(...failures(output));
    if (counts.failed) total.tail += output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n') + '\n';
    if (command.prepares) break;
  }
  if (['integration', 'chaos', 'browser', 'real'].includes(suite.name)) sweep({ logsToo: false });
  if (total.failed) total.notes.push(...keepStacksLogs(suite.name));
  forgetStacksLogs();
  return { ...total, seconds: (Date.now() - began) / 1000, log };
}

function show(result) {
  if (result.tail) console.log(`\n--- ${result.name}: the end of ${result.log}\n${result.tail}---\n`);
}

function row({ name, passed, failed, skipped, seconds, notes }) {
  const cells = [name.padEnd(12), ...[passed, failed, skipped].map((n) => String(n).padStart(8)), `${seconds.toFixed(1)} s`.padStart(10)];
  return `${cells.join('')}  ${notes.join('; ')}`.trimEnd();
}

/** So that who sees only the end of it knows what failed. */
function showFailed(results) {
  const all = results.flatMap(({ name, names }) => names.map((failure) => `failed: ${name}: ${failure}`));
  if (all.length > NAMES) all.splice(NAMES, Infinity, `failed: ${all.length - NAMES} more`);
  if (all.length) console.log(`\n${all.join('\n')}`);
}

function choose(names) {
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length) {
    console.error(`there is no suite '${unknown[0]}'; there are ${suites.map((suite) => suite.name).join(', ')}`);
    process.exit(2);
  }
  return suites.filter((suite) => suite.first || (names.length ? names.includes(suite.name) : !sanitizer || suite.sanitized));
}

/** Takes only what nobody else wants of the processors, and ends with this process at the latest. */
function startAhead(words) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'chrt', '--idle', '0', ...words], { cwd: root, env: environment, stdio: 'ignore' });
  child.on('error', () => {}); // then it is done when its turn comes
  return child;
}

async function main(names) {
  const chosen = choose(names);
  mkdirSync(logs, { recursive: true });
  rmSync(join(logs, 'counts'), { force: true });
  sweep({ logsToo: true });
  forgetStacksLogs();
  const ahead = chosen.filter((suite) => suite.ahead).map((suite) => startAhead(suite.ahead));
  const results = [];
  for (const suite of chosen) {
    if (stopped) break;
    console.log(`running ${suite.name}`);
    const result = await runSuite(suite);
    show(result);
    results.push(result);
    if (suite.first && result.failed) break;
  }
  for (const child of ahead) child.kill('SIGKILL');
  const sum = (key) => results.reduce((n, result) => n + result[key], 0);
  const last = `${sum('passed')} passed, ${sum('failed')} failed`;
  console.log(`\n${'suite'.padEnd(12)}  passed  failed skipped      time`);
  for (const result of results) console.log(row(result));
  showFailed(results);
  console.log(`\n${last}`);
  writeFileSync(join(logs, 'counts'), `${last}\n`);
  process.exitCode = sum('failed') || stopped ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopped = true;
    if (current) end(current).unref();
  });
}

await main(process.argv.slice(2));
