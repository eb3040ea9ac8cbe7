// Starting badly: one clear line and exit 2, or patience with one log line an attempt; and draining well.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../harness/command.mjs';
import { ROOT, startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';

const bin = (name) => resolve(ROOT, process.env.BIN_DIR ?? 'build/bin', name);
const SERVICES = ['api-gateway', 'key-provisioner', 'ovh-orderer', 'installer', 'health-monitor'];
const MASTER_KEYS = `a:${Buffer.alloc(32, 7).toString('base64')}`;
const good = {
  PATH: process.env.PATH,
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none',
  KAFKA_BOOTSTRAP: '127.0.0.1:9',
  MASTER_KEYS,
  OPENROUTER_PROVISIONING_KEY: 'k',
  OVH_APP_KEY: 'a',
  OVH_APP_SECRET: 'b',
  OVH_CONSUMER_KEY: 'c',
  OVH_ENDPOINT: 'http://127.0.0.1:9/1.0',
  SETUP_SCRIPT: join(ROOT, 'build/setup.sh'),
  DASHBOARD_ORIGIN: 'http://127.0.0.1:9',
  PAGES_DIR: join(ROOT, 'frontend/dist'),
  HTTP_LISTEN: '127.0.0.1:0',
};

const refusal = async (service, changes) => {
  const env = { ...good, ...changes };
  for (const name of Object.keys(env)) if (env[name] === undefined) delete env[name];
  try {
    await run(bin(service), [], { env, cwd: ROOT, timeout: 10 });
  } catch (error) {
    assert.match(error.message, /exit 2\n/);
    assert.equal(error.stderr.trim().split('\n').length, 1, error.stderr);
    return error.stderr.trim();
  }
  throw new Error(`${service} started`);
};

for (const service of SERVICES) {
  test(`${service}: a missing setting is named, with what it is for`, async () => {
    assert.match(await refusal(service, { KAFKA_BOOTSTRAP: undefined }), new RegExp(`^${service}: KAFKA_BOOTSTRAP is not set: `));
  });
  test(`${service}: --help lists every setting and --version answers`, async () => {
    const { stdout } = await run(bin(service), ['--help'], { env: {} });
    for (const name of ['DATABASE_URL', 'KAFKA_BOOTSTRAP', 'HTTP_LISTEN', 'WORKERS']) assert.match(stdout, new RegExp(name));
    assert.match((await run(bin(service), ['--version'], { env: {} })).stdout, new RegExp(`^${service} `));
  });
}

test('bad values are named', async () => {
  assert.match(await refusal('installer', { WORKERS: 'many' }), /WORKERS must be a number.*'many'/);
  assert.match(await refusal('installer', { WORKERS: '0' }), /WORKERS must be from 1 to/);
  assert.match(await refusal('installer', { LOG_LEVEL: 'loud' }), /LOG_LEVEL must be debug, info, warn or error, not 'loud'/);
  assert.match(await refusal('installer', { MASTER_KEYS: 'a:short' }), /MASTER_KEYS/);
  assert.match(await refusal('installer', { SETUP_SCRIPT: '/nonexistent/setup.sh' }), /SETUP_SCRIPT.*\/nonexistent\/setup.sh/);
  assert.match(await refusal('ovh-orderer', { OVH_ENDPOINT: 'ovh-mars' }), /OVH_ENDPOINT.*ovh-mars/);
  assert.match(await refusal('ovh-orderer', { SSH_KEY_TYPE: 'dsa' }), /SSH_KEY_TYPE.*dsa/);
  assert.match(await refusal('key-provisioner', { DATABASE_URL_FILE: '/nonexistent' }), /DATABASE_URL_FILE: cannot read '\/nonexistent'/);
  assert.match(await refusal('health-monitor', { KAFKA_SASL_MECHANIX: 'x' }), /KAFKA_SASL_MECHANIX: kafka: No such configuration property/);
  assert.match(await refusal('health-monitor', { KAFKA_ACKS: '1' }), /KAFKA_ACKS: acks is not to be chosen/);
  assert.match(await refusal('installer', { INSTANCE: 'one two' }), /INSTANCE must have at most/);
});

test('a bad DATABASE_URL is refused without repeating it', async () => {
  for (const url of ['postgresql://u:hush@[::1/d', 'postgresql://u:hu@sh@127.0.0.1/d', 'hush']) {
    const words = 'DATABASE_URL is not a PostgreSQL connection string';
    assert.equal(await refusal('installer', { DATABASE_URL: url }), `installer: ${words}`);
    await assert.rejects(run(bin('clawctl'), ['migrate'], { env: { DATABASE_URL: url }, cwd: ROOT }), (error) => {
      assert.equal(error.stderr, `clawctl: ${words}\n`);
      return /exit 2\n/.test(error.message);
    });
  }
});

test('an unreachable database is tried again with one log line an attempt, and is not readiness', async () => {
  const port = 18000 + Math.floor(Math.random() * 1000);
  const child = spawn(bin('installer'), [], { env: { ...good, HTTP_LISTEN: `127.0.0.1:${port}` }, cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  try {
    await until(() => log.split('\n').filter((l) => l.includes('the database is not ready')).length >= 3, { deadline: 20, what: 'three attempts in the log' });
    for (const line of log.trim().split('\n')) assert.equal(JSON.parse(line).service, 'installer');
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    assert.equal(answer.status, 503);
    assert.equal((await answer.json()).ready, false);
  } finally {
    child.kill('SIGTERM');
  }
  assert.equal(await ended, 0);
});

test('the gateway is not ready yet: a clear 503, not a 404 as if there was nothing', async () => {
  const port = 18000 + Math.floor(Math.random() * 1000);
  const child = spawn(bin('api-gateway'), [], { env: { ...good, HTTP_LISTEN: `127.0.0.1:${port}` }, cwd: ROOT, stdio: 'ignore' });
  try {
    const answer = await until(() => fetch(`http://127.0.0.1:${port}/api/openclaw/deploy`, { method: 'POST', body: '' }), { deadline: 10, what: 'it listens' });
    assert.equal(answer.status, 503);
    assert.match(answer.headers.get('content-type'), /problem\+json/);
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    assert.match((await answer.json()).detail, /still starting/);
  } finally {
    child.kill('SIGTERM');
  }
});

test('clawctl: wrong use is one line and exit 2, an unreachable database one line and exit 1', async () => {
  await assert.rejects(run(bin('clawctl'), ['fly'], { env: {} }), /exit 2\n.*unknown command 'fly'/);
  await assert.rejects(run(bin('clawctl'), ['show'], { env: {} }), /exit 2\n.*usage: clawctl show ID/);
  await assert.rejects(run(bin('clawctl'), ['migrate'], { env: { DATABASE_URL: good.DATABASE_URL }, cwd: ROOT }), /exit 1\nclawctl: database: /);
});

test('the table of moves draws itself', async () => {
  for (const service of SERVICES.slice(1)) assert.match((await run(bin(service), ['--graph'], { env: {} })).stdout, /^digraph \w+ \{[^]*->[^]*\}\n$/);
});

const pidIn = (runDir, name) => Number(readFileSync(join(runDir, 'pids', name), 'utf8').split(/\s/)[0]);
const gone = (id) => {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
  } catch {
    return true;
  }
};

test('a test that is killed leaves no product running', async () => {
  const starts = `const { startStack } = await import(${JSON.stringify(join(ROOT, 'tests/harness/stack.mjs'))});
    console.log((await startStack()).runDir);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', starts], { stdio: ['ignore', 'pipe', 'inherit'] });
  const runDir = await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line) => resolve(line.trim()));
    child.once('exit', () => reject(new Error('the product did not start')));
  });
  const pids = readdirSync(join(runDir, 'pids')).map((name) => pidIn(runDir, name));
  assert.equal(pids.length, 8);
  child.kill('SIGKILL');
  await until(() => pids.every(gone) && readdirSync(join(runDir, 'pids')).length === 0, { deadline: 60, what: 'all of it has ended' });
  rmSync(runDir, { recursive: true, force: true });
});

describe('a running product', () => {
  let stack;
  const pid = (name) => pidIn(stack.runDir, name);

  before(async () => (stack = await startStack({ settings: { 'api-gateway': { DEPLOYS_PER_HOUR: 10000 } } })));
  after(() => stack?.close());

  test('a demo with other machines is refused in one line, and what runs goes on', async () => {
    const others = process.getuid() === 0 ? { none: 'no machines', nspawn: 'machines that boot' } : { none: 'no machines' };
    for (const [kind, words] of Object.entries(others)) {
      await assert.rejects(run(join(ROOT, 'deploy/demo'), ['up'], { env: { ...stack.environment, SANDBOX_MACHINES: kind } }), ({ stdout, stderr }) => {
        assert.equal(stdout + stderr, `demo: the demo in ${stack.runDir} has light machines; stop it (make demo-stop) before you start one with ${words}\n`);
        return true;
      });
    }
    assert.match((await stack.demo('up')).stdout, /^already running\n/);
  });

  test('a service cannot put a table of its own in the place of ours', async () => {
    const as = (sql) => stack.psql(`set role key_provisioner; ${sql}`);
    await assert.rejects(as('create temporary table secrets (deployment_id uuid)'), /permission denied to create temporary tables/);
    await assert.rejects(as('create table public.mine (id int)'), /permission denied for schema public/);
    const asOwner = await stack.psql("select proname, proconfig::text as path from pg_proc where prosecdef and pronamespace = 'public'::regnamespace order by 1");
    assert.deepEqual(asOwner.map(({ proname }) => proname), ['forget_secrets', 'keep_dead_letter', 'openings_forget']);
    for (const { path } of asOwner) assert.match(path, /search_path=pg_catalog, public, pg_temp/);
  });

  test('the gateway ends under load within 10 s, and no request it took is cut off by a crash', async () => {
    const api = stack.api();
    await api.signUp();
    let going = true;
    const load = Array.from({ length: 12 }, async () => {
      while (going) {
        await api.request('POST', '/api/openclaw/deploy').catch(() => {});
        await fetch(`${stack.url('api-gateway.1')}/readyz`).catch(() => {});
      }
    });
    await until(async () => (await api.list()).length > 10, { what: 'some clicks were taken' });
    const gateway = pid('api-gateway.1');
    const began = Date.now();
    process.kill(gateway, 'SIGTERM');
    await until(() => gone(gateway), { deadline: 10, what: 'the gateway has ended' });
    going = false;
    await Promise.all(load);
    assert.ok(Date.now() - began < 10000);
    assert.match(readFileSync(stack.logFile('api-gateway.1'), 'utf8'), /"msg":"stopped"/);
    await stack.start('api-gateway.1');
  });

  test('a database that hangs is 503 in time, and does not hold a stop up', async () => {
    const api = stack.api();
    await api.signUp();
    const data = join(stack.runDir, 'postgres');
    const postmaster = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(postmaster)], { env: process.env });
    const all = [postmaster, ...stdout.trim().split(/\s+/).map(Number)];
    const ending = ['api-gateway.1', 'key-provisioner.1'].map(pid);
    try {
      for (const id of all) process.kill(id, 'SIGSTOP');
      const began = Date.now();
      assert.equal((await api.request('GET', '/api/openclaw/deployments', { timeout: 20 })).status, 503);
      assert.ok(Date.now() - began < 15000);
      for (const id of ending) process.kill(id, 'SIGTERM');
      await until(() => ending.every(gone), { deadline: 10.5, what: 'both have ended' });
    } finally {
      for (const id of all) if (!gone(id)) process.kill(id, 'SIGCONT');
    }
    await stack.start('api-gateway.1');
    await stack.start('key-provisioner.1');
    assert.deepEqual(await api.list(), []);
  });
});
