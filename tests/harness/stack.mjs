// A whole product of one's own for a test: real PostgreSQL, real Kafka, the sandbox and every
// service, started by deploy/demo on private ports in a private directory, gone after close().

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Api } from './api.mjs';
import { run } from './command.mjs';
import { readEnv } from './env.mjs';
import { TESTS_DIR } from './folder.mjs';
import { reservePorts } from './ports.mjs';
import { Sandbox } from './sandbox.mjs';
import { Sql } from './sql.mjs';
import { until } from './wait.mjs';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const DEMO = join(ROOT, 'deploy/demo');
const running = new Set();
const START_S = 180;
let made = 0;

/**
 * Whoever starts a product may be killed: then nobody holds the other end of this shell's input any more, and it stops the
 * product, whose machines alone take more than a gigabyte each. Who is just starting one (a line with its pid) ends first,
 * as that start has a deadline of its own. Gives what tells it of a start, and the word by which it goes without all that.
 */
const OVERSEER = `
starting=
while read -r word; do
  [ "$word" != over ] || exit 0
  starting=$word
done
n=0
while [ -n "$starting" ] && kill -0 "$starting" && [ "$((n += 1))" -lt $1 ]; do sleep 0.1; done
exec "$0" down`;

function watchOver(runDir) {
  const env = { ...process.env, RUN_DIR: runDir };
  for (const name of ['PORT_BASE', 'COPIES', 'SANDBOX_MACHINES']) delete env[name]; // what runs there knows its own
  const shell = spawn('sh', ['-c', OVERSEER, DEMO, String(START_S * 10)], { env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {}); // it was killed itself
  shell.unref();
  shell.stdin.unref();
  return { starts: (pid) => shell.stdin.write(`${pid}\n`), over: () => shell.stdin.end('over\n') };
}

function writeSettings(runDir, settings) {
  mkdirSync(join(runDir, 'settings'), { recursive: true });
  for (const [service, values] of Object.entries(settings)) {
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(runDir, 'settings', `${service}.env`), lines.join(''));
  }
}

/** What AddressSanitizer and its kin said in any service's log: nobody else would read it. */
function sanitizerReports(runDir) {
  const reports = [];
  for (const name of readdirSync(join(runDir, 'log'))) {
    const text = readFileSync(join(runDir, 'log', name), 'utf8');
    const at = text.search(/(ERROR|WARNING): \w+Sanitizer|: runtime error: /);
    if (at >= 0) reports.push(`${name}: ${text.slice(at, at + 2000)}`);
  }
  return reports;
}

class Stack {
  constructor(runDir, environment, over, ports) {
    this.runDir = runDir;
    this.environment = environment;
    this.over = over;
    this.ports = ports;
    this.env = readEnv(join(runDir, 'demo.env'));
    this.sandbox = new Sandbox(this.env.SANDBOX_URL);
    this.sql = new Sql(this.env.DATABASE_URL);
  }

  /** A new person's browser: its own cookie jar. */
  api() {
    return new Api(this.env.API_URL);
  }

  /** Rows (objects) of a query; any other statement has a session of its own and gives its plain output. */
  async psql(sql) {
    if (/^\s*(select|with|table|values)\b/i.test(sql)) return this.sql.rows(sql);
    const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', this.env.DATABASE_URL];
    const { stdout } = await run('psql', args, { input: sql, timeout: 30 });
    return stdout.trim();
  }

  demo(...args) {
    return run(DEMO, args, { env: this.environment, timeout: 120 });
  }

  /** Starts one part; a service is ready when this returns, unless {ready: false}. */
  async start(name, { ready = true } = {}) {
    await this.demo('start', name);
    if (ready && name.includes('.')) await this.ready(name);
  }

  /** Ends one part in order (SIGTERM). */
  stop(name) {
    return this.demo('stop', name);
  }

  /** Ends one part by SIGKILL. */
  kill(name) {
    return this.demo('kill', name);
  }

  ready(name) {
    return until(async () => (await fetch(`${this.url(name)}/readyz`, { signal: AbortSignal.timeout(2000) })).ok, {
      deadline: 30,
      what: `${name} is ready`,
    });
  }

  /** Where one copy of a service answers /healthz, /readyz and /metrics. */
  url(name) {
    const [service, copy] = name.split('.');
    const offset = { 'key-provisioner': 10, 'ovh-orderer': 20, installer: 30, 'health-monitor': 40 }[service];
    const gateway = Number(copy) === 1 ? 0 : 50 + Number(copy);
    return `http://127.0.0.1:${Number(this.env.PORT_BASE) + (offset ? offset + Number(copy) : gateway)}`;
  }

  logFile(name) {
    return join(this.runDir, 'log', `${name}.log`);
  }

  /**
   * Ends everything; the directory goes too unless KEEP=1 or a sanitizer had something to say. The logs are set aside, until
   * the driver knows that all went well.
   */
  async close() {
    if (!running.delete(this)) return;
    this.sql.close();
    await this.demo('down');
    this.over();
    this.ports.release();
    const reports = sanitizerReports(this.runDir);
    if (reports.length) throw new Error(`a sanitizer reports (logs in ${this.runDir}/log):\n${reports.join('\n')}`);
    if (process.env.KEEP === '1') return;
    const kept = join(TESTS_DIR, 'test/logs', `${basename(process.argv[1] ?? 'stack', '.mjs')}-${basename(this.runDir)}`);
    rmSync(kept, { recursive: true, force: true });
    mkdirSync(dirname(kept), { recursive: true });
    renameSync(join(this.runDir, 'log'), kept);
    rmSync(this.runDir, { recursive: true, force: true });
  }
}

/**
 * Starts a product: `copies` of every worker; `settings` adds environment settings by service name
 * ('all' for every service), e.g. {installer: {WORKERS: 4}}; `machines` says of which kind they are ('nspawn': booted).
 */
export async function startStack({ copies = 1, settings = {}, machines = '' } = {}) {
  const runDir = join(TESTS_DIR, `test-${process.pid}-${++made}`);
  const { starts, over } = watchOver(runDir);
  for (let attempt = 1; ; attempt++) {
    const ports = await reservePorts();
    const environment = { ...process.env, RUN_DIR: runDir, COPIES: String(copies), PORT_BASE: String(ports.base), SANDBOX_MACHINES: machines };
    rmSync(runDir, { recursive: true, force: true });
    writeSettings(runDir, settings);
    const starting = { environment };
    running.add(starting); // a test that dies meanwhile leaves nothing behind either
    try {
      await run(DEMO, ['up'], { env: environment, timeout: START_S, begun: starts });
      delete environment.PORT_BASE; // demo.env has it from now on
      const stack = new Stack(runDir, environment, over, ports);
      running.add(stack);
      return stack;
    } catch (error) {
      ports.release();
      // A program that is no test may have taken one of the ports between our look and our start.
      if (attempt < 3 && /is taken by another program/.test(error.message)) continue;
      throw error; // the shell stops what was begun when this process is gone
    } finally {
      running.delete(starting);
    }
  }
}

// A test that dies must not leave a broker behind.
process.on('exit', () => {
  for (const stack of running) spawnSync(DEMO, ['down'], { env: stack.environment, timeout: 60000, stdio: 'ignore' });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
