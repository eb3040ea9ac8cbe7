// The main job, as a user and an operator see it: one click to READY, restart, destroy; what was
// bought, what is kept, and that no secret shows anywhere.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../harness/command.mjs';
import { ROOT, startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';

let stack, api, ready;

before(async () => {
  stack = await startStack();
  await stack.sandbox.settings({ checking: 0.2, delivering: 0.3, deliver_task: 0.2, rebuild: 0.5, setup: 0.5 });
  api = stack.api();
  await api.signUp();
});
after(() => stack?.close());

const clawctl = (...args) =>
  run(resolve(ROOT, process.env.BIN_DIR ?? 'build/bin', 'clawctl'), args, { cwd: ROOT, env: { ...process.env, DATABASE_URL: stack.env.DATABASE_URL } });

test('one click reaches READY, through every status in order', async () => {
  const deployment = await api.deploy({ name: 'first' });
  assert.equal(deployment.status, 'PENDING');
  assert.equal(deployment.name, 'first');
  ready = await api.waitStatus(deployment.id, 'READY', { deadline: 60 });
  assert.match(ready.ipAddress, /^127\./);
  assert.ok(ready.readyAt);
  assert.deepEqual(ready.steps.map((s) => s.state), ['done', 'done', 'done', 'done']);

  const events = await api.events(ready.id);
  assert.deepEqual(events.map((e) => e.seq), events.map((_, i) => i + 1), 'seq has no holes');
  const statuses = events.map((e) => e.status).filter((s, i, all) => s !== all[i - 1]);
  assert.deepEqual(statuses, ['PENDING', 'ORDERING', 'PROVISIONING', 'INSTALLING', 'READY']);
  const said = events.map((e) => e.type).filter((t) => t !== 'progress');
  assert.deepEqual(said, ['deployment.requested', 'key.issued', 'server.ordered', 'server.ready', 'instance.installed', 'instance.ready']);
});

test('one order was paid, one key made, with its cap and our mark', async () => {
  const ledger = await stack.sandbox.ledger();
  assert.equal(ledger.orders.filter((o) => o.paid).length, 1);
  assert.equal(ledger.orders.length, 1);
  assert.match(ledger.orders[0].intent, /^openclaw-/);
  assert.equal(ledger.servers.length, 1);
  assert.equal(ledger.keys.length, 1);
  assert.equal(ledger.keys[0].name, `openclaw-${ready.id.slice(-12)}`);
  assert.equal(ledger.keys[0].limit, 10);
});

test('the machine answers over HTTPS with a certificate of its CA', async () => {
  const url = new URL(ready.url);
  const { stdout } = await run('curl', ['-sS', '-m', '5', '--cacert', stack.env.MACHINE_CA_FILE, url.href]);
  assert.match(stdout, /OpenClaw/);
});

test('the log a user reads tells the setup and holds no secret', async () => {
  const { lines, next } = await api.log(ready.id);
  assert.ok(lines.some((l) => /^== /.test(l.text)), 'the steps of the setup are there');
  assert.ok(!lines.some((l) => /sk-or-v1-[0-9a-f]{8}/.test(l.text)));
  assert.deepEqual((await api.log(ready.id, next)).lines, []);
});

test('clawctl show tells the state of every stage and the timeline', async () => {
  const { stdout } = await clawctl('show', ready.id);
  for (const words of ['issued', 'installed', 'instance.ready', 'may exist   llm_key server installation watch']) assert.match(stdout, new RegExp(words));
  await assert.rejects(clawctl('show', 'nonsense'), /'nonsense' is not a deployment id/);
  await assert.rejects(clawctl('show', '018f0000-0000-7000-8000-000000000001'), /no deployment has the id/);
});

test('restart restarts the gateway on the machine and says so', async () => {
  const [before] = await stack.sandbox.journal().then((j) => [j.length]);
  assert.ok(before > 0);
  await api.restart(ready.id);
  const events = await until(async () => (await api.events(ready.id)).some((e) => e.type === 'instance.restarted') && api.events(ready.id), {
    deadline: 30,
    what: 'instance.restarted',
  });
  assert.ok(events.some((e) => e.type === 'deployment.restart-requested'));
  assert.equal((await api.deployment(ready.id)).status, 'READY');
});

test('no key, token or private key is in events, logs or the database in plain text', async () => {
  const { keys } = await stack.sandbox.ledger();
  const patterns = [/sk-or-v1-[0-9a-f]{16}/, /BEGIN [A-Z ]*PRIVATE KEY/, new RegExp(stack.env.OVH_APP_SECRET), new RegExp(stack.env.OPENROUTER_PROVISIONING_KEY)];
  const places = {
    events: (await run('kcat', ['-C', '-b', stack.env.KAFKA_BOOTSTRAP, '-G', 'reader', '-e', '-q', '-o', 'beginning', '-f', '%h %s\n', 'deployments', 'keys', 'servers', 'instances'], { timeout: 30 }).catch((e) => e)).stdout,
    database: (await run('pg_dump', ['-d', stack.env.DATABASE_URL], { timeout: 30 })).stdout,
  };
  for (const name of readdirSync(join(stack.runDir, 'log'))) {
    if (name !== 'sandbox.log') places[name] = readFileSync(join(stack.runDir, 'log', name), 'utf8');
  }
  assert.match(places.events, /key\.issued/);
  for (const [place, text] of Object.entries(places)) {
    for (const pattern of patterns) assert.doesNotMatch(text, pattern, place);
    if (place !== 'database') assert.ok(!text.includes(keys[0].hash), `${place} holds no key hash`);
  }
});

test('the OpenRouter key is forgotten here once it is installed', async () => {
  const names = (await stack.psql(`select name from secrets where deployment_id = '${ready.id}' order by name`)).map((r) => r.name);
  assert.deepEqual(names, ['gateway_token', 'ssh_private_key']);
});

test('destroy is acknowledged at once and ends with nothing left', async () => {
  assert.equal((await api.destroy(ready.id)).status, 'DESTROYING');
  assert.equal((await api.destroy(ready.id)).status, 'DESTROYING', 'asking again changes nothing');
  const gone = await api.waitStatus(ready.id, 'DESTROYED', { deadline: 60 });
  assert.ok(gone.destroyedAt);
  const ledger = await stack.sandbox.ledger();
  assert.deepEqual(ledger.keys, []);
  assert.equal(ledger.servers[0].delete_at_expiration, true);
  assert.deepEqual(await stack.psql(`select name from secrets where deployment_id = '${ready.id}'`), []);
  const said = (await api.events(ready.id)).map((e) => e.type);
  for (const type of ['deployment.destroy-requested', 'key.revoked', 'server.released']) assert.ok(said.includes(type), type);
  assert.equal(said.at(-1), 'deployment.destroyed');
});

test('a destroy right after the click leaves nothing, and pays for nothing it need not', async () => {
  const { id } = await api.deploy();
  await api.destroy(id);
  await api.waitStatus(id, 'DESTROYED', { deadline: 60 });
  const ledger = await stack.sandbox.ledger();
  assert.deepEqual(ledger.keys, []);
  assert.ok(ledger.servers.every((s) => s.delete_at_expiration));
});
