// A real upgrade on a booted machine, and one that is undone: the two newest versions of OpenClaw as npm has them. By hand,
// as it takes minutes:
//   SANDBOX_DIR=$(mktemp -d) SANDBOX_NET=198.19.7 tests/sandbox/machines/nspawn/run node --test tests/real/upgrade.mjs

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../sandbox/machines/client.js';
import { HOME, RealWorld, STATE, VERSION } from './world.mjs';

const OLD = process.env.OLD_VERSION ?? '2026.9.5';
const { SANDBOX_DIR, SANDBOX_NET } = process.env;

const NOTE = 'cat /var/lib/openclaw/.openclaw/note';

let real;
let machine;

before(async () => {
  real = await RealWorld.start(SANDBOX_DIR, SANDBOX_NET);
  machine = await real.machine();
  const { key } = await real.openRouterKey('upgrade');
  machine.openRouterKey = key;
}, { timeout: 300000 });

after(() => real?.close());

async function upgraded(version, run) {
  await machine.run(`umask 077 && cat >${HOME}/upgrade.env`, Object.entries({ ...real.machines.values, OPENCLAW_VERSION: version, RUN_ID: run })
    .map(([name, value]) => `${name}='${value}'\n`).join(''));
  const began = performance.now();
  await machine.setup('upgrade');
  assert.equal(await machine.reaches(/^(done|failed)/), 'done', await machine.log());
  return { ...JSON.parse(await machine.setup('result')), seconds: (performance.now() - began) / 1000 };
}

const version = async () => (await machine.run('openclaw --version')).split(' ')[1];
const answers = () => until('OpenClaw answers', async () => (await machine.try('curl -fsS -m 5 http://127.0.0.1:18789/readyz')).status === 0, 60000);

test('the older version is set up', { timeout: 1200000 }, async () => {
  await machine.upload({ OPENCLAW_VERSION: OLD });
  await machine.setup('start');
  assert.equal(await machine.reaches(/^(done|failed)/), 'done', await machine.log());
  assert.equal(await version(), OLD);
  await machine.root('echo mine >/var/lib/openclaw/.openclaw/note && chown openclaw: /var/lib/openclaw/.openclaw/note');
});

test('a version that can not be had changes nothing', { timeout: 600000 }, async () => {
  const { upgrade } = await upgraded('2026.9.6666', 'u1');
  assert.equal(upgrade.outcome, 'undone');
  assert.match(upgrade.reason, /can not be downloaded/);
  await answers();
});

const BROKEN = '/etc/systemd/system/openclaw-gateway.service.d';

test('one that does not start is undone: the older one runs again', { timeout: 1800000 }, async (t) => {
  await machine.root(`mkdir ${BROKEN} && cat >${BROKEN}/broken.conf && systemctl daemon-reload`,
    `[Service]\nExecStartPre=/bin/sh -c '! grep -q "version.: .${VERSION}" /usr/local/lib/node_modules/openclaw/package.json'\n`);
  const { upgrade, openclawVersion, seconds } = await upgraded(VERSION, 'u2');
  t.diagnostic(`the upgrade and the way back ${seconds.toFixed(1)} s`);
  assert.deepEqual(upgrade, { run: 'u2', outcome: 'undone', reason: `OpenClaw ${VERSION} does not start` });
  assert.equal(openclawVersion, OLD);
  assert.equal(await version(), OLD);
  await answers();
  assert.equal(await machine.root(NOTE), 'mine\n');
  await machine.root(`rm -r ${BROKEN} && systemctl daemon-reload`);
});

test('the newer one comes with what was there, and a backup', { timeout: 1200000 }, async (t) => {
  const { upgrade, openclawVersion, seconds } = await upgraded(VERSION, 'u3');
  t.diagnostic(`the upgrade ${seconds.toFixed(1)} s`);
  t.diagnostic((await machine.log()).split('\n').filter((line) => / took /.test(line)).slice(-5).join(', '));
  assert.deepEqual(upgrade, { run: 'u3', outcome: 'upgraded', reason: '' });
  assert.equal(openclawVersion, VERSION);
  assert.equal(await version(), VERSION);
  await answers();
  assert.equal(await machine.root(NOTE), 'mine\n');
  assert.doesNotMatch(await machine.log(), /is not asked for its page/, 'the web server on the machine was asked');
  assert.match(await machine.root(`ls -l ${STATE}/backups`), new RegExp(`^-rw------- 1 root root .*openclaw-${OLD}-`, 'm'));
  assert.equal(await machine.root(`ls -d ${STATE}/upgrade /usr/local/lib/openclaw-before 2>/dev/null || true`), '');
});
