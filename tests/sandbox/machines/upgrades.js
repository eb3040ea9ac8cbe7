// "setup.sh upgrade", cut off by a kill -9 wherever it changes something, on the way forward and on the way back: started
// again, it ends with one version or the other, which works and has what was there. Run by test/machines.test.js.

import assert from 'node:assert/strict';
import { mkdtemp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Machines } from '../machines.js';
import { makeKey, ssh, until } from './client.js';
import { cutAt as cutRunAt, restored as uncutRun } from './cut.js';

const SETUP = join(dirname(fileURLToPath(import.meta.url)), '../../../build/setup.sh');
const FOLDER = '/home/debian/openclaw-setup';
const STATE = '/var/lib/openclaw-setup';
const HOME = '/var/lib/openclaw/.openclaw';
const { SANDBOX_DIR: dir, SANDBOX_NET: net, SANDBOX_SSH_PORT: sshPort, SANDBOX_HTTPS_PORT: httpsPort } = process.env;
const VALUES = { OPENROUTER_API_KEY: 'sk-or-v1-0123456789abcdef0123456789abcdef', GATEWAY_TOKEN: 'f00dfeed'.repeat(8), VPS_IP: `${net}.2.1`, VPS_HOSTNAME: '',
  OPENCLAW_MODEL: 'openrouter/auto', DASHBOARD_ORIGIN: 'http://127.0.0.1:9000', SKILLS: '' };

let machines;
let door;
let month = 0; // of the newest version so far
let runs = 0;
let current;

async function on(line, input) {
  const { status, output, errors } = await ssh(door, line, input);
  assert.equal(status, 0, `${line}: ${output}${errors}`);
  return output;
}

const script = (words) => on(`sudo -n /bin/bash ${FOLDER}/setup.sh ${words}`);
const status = async () => (await script('follow 1000000')).split('\n', 1)[0];
const ends = () => until('the run ends', async () => /^(done|failed.*)$/.exec(await status())?.[0], 60000, 100);
const begun = (verb, values) => on(`umask 077 && cat >${FOLDER}/${verb === 'start' ? 'setup' : 'upgrade'}.env && sudo -n /bin/bash ${FOLDER}/setup.sh ${verb}`,
  Object.entries(values).map(([name, value]) => `${name}='${value}'\n`).join(''));

function begin(version) {
  runs += 1;
  return begun('upgrade', { OPENCLAW_VERSION: version, RUN_ID: `u${runs}` });
}

const LOOK_LASTS_MS = 10500; // what looks at the page may stay so long

const result = async () => JSON.parse(await script('result'));
const next = (last = 0) => `2027.${month += 1}.${last}`;

async function assertRuns(version) {
  const told = await on(`openclaw --version
    curl -sS -m 5 http://127.0.0.1:18789/readyz; echo
    cat ${HOME}/notes ${HOME}/state/last-version; echo
    ls -ad ${STATE}/upgrade* ${STATE}/values ${STATE}/redact /usr/local/lib/openclaw-before ${HOME}-undo /var/lib/openclaw/*.tar.gz 2>/dev/null || true`);
  assert.equal(told, `OpenClaw ${version} (sandbox)\n{"ready":true}\nmine\n${version}\n`);
  assert.equal((await result()).openclawVersion, version);
}

async function cutAt(tool, words, late) {
  await on(`echo ${tool === 'sleep' ? 1 : 0} | sudo -n tee /var/lib/sandbox/ready-after`);
  await cutRunAt(on, tool, words, late);
}

const uncut = (tool) => uncutRun(on, tool);

before(async () => {
  machines = new Machines({ dir, net, sshPort, httpsPort, settings: { boot: 0, setup: 0 } });
  await machines.start();
  const key = await makeKey(await mkdtemp(join(dir, 'keys-')), 'deployment');
  await machines.rebuild({ name: 'vps-1', ip: VALUES.VPS_IP, publicKey: key.publicKey, user: 'debian' });
  door = { ip: VALUES.VPS_IP, port: sshPort, key };
  await on(`mkdir -p -m 700 ${FOLDER} && cat >${FOLDER}/setup.sh`, await readFile(SETUP));
  await begun('start', { ...VALUES, OPENCLAW_VERSION: current = '2026.9.6', RUN_ID: 'r1' });
  assert.equal(await ends(), 'done');
  await on(`echo mine | sudo -n tee ${HOME}/notes`);
});

after(() => machines.close());

const FORWARD = [
  ['timeout', '*npm?view*'], ['timeout', '*backup?create*'], ['mv', '*backups*'], ['tar', '-cf?-*'], ['mv', '*state.tar.new*'],
  ['mv', '*openclaw-before'], ['mv', '*openclaw-before', true], ['timeout', '*npm?install*'], ['timeout', '*npm?install*', true],
  ['timeout', '*doctor*'], ['sleep', '0.2'], ['mv', '*upgrade/outcome.new*'], ['mv', '*upgrade/outcome.new*', true], ['mv', '*result.json.new*', true],
];

for (const [tool, words, late] of FORWARD) {
  test(`forward, cut off ${late ? 'after' : 'at'} ${tool} ${words}`, async () => {
    const version = next();
    await cutAt(tool, words, late);
    await begin(version);
    assert.match(await ends(), /^failed \w+ interrupted$/);
    await uncut(tool);
    await on(`echo interrupted >${HOME}/state/meanwhile`);
    assert.equal(await script('upgrade'), 'started\n');
    assert.equal(await ends(), 'done');
    assert.deepEqual((await result()).upgrade, { run: `u${runs}`, outcome: 'upgraded', reason: '' });
    await assertRuns(current = version);
    assert.equal(await on(`cat ${HOME}/state/meanwhile`), 'interrupted\n');
  });
}

test('forward, cut off when all was done but the tidying up', async () => {
  await cutAt('mv', '*upgrade.over');
  await begin(current = next());
  await until('it is cut off', () => on('ls -d /tmp/armed 2>/dev/null || echo gone').then((text) => text === 'gone\n'));
  await uncut('mv');
  assert.equal(await status(), 'done');
  assert.equal(await script('upgrade'), 'already done\n');
  await assertRuns(current);
});

const BACK = [
  ['mv', '*upgrade/undo.new*'], ['mv', '*openclaw-before?*node_modules/openclaw'], ['mv', '*openclaw-before?*node_modules/openclaw', true],
  ['tar', '-xpf?-*'], ['tar', '-xpf?-*', true], ['mv', '*state.restored'], ['mv', '*state.restored', true], ['sleep', '0.2'], ['mv', '*upgrade/outcome.new*', true],
];

for (const [tool, words, late] of BACK) {
  test(`back, cut off ${late ? 'after' : 'at'} ${tool} ${words}`, async () => {
    const broken = next(99);
    await cutAt(tool, words, late);
    await begin(broken);
    assert.match(await ends(), /^failed \w+ interrupted$/);
    await uncut(tool);
    // From then on what was written before is back, and after a reboot OpenClaw would be at work with it.
    const restored = /restored|outcome/.test(words);
    if (restored) await on(`echo ${broken} >${HOME}/state/since`);
    assert.equal(await script('upgrade'), 'started\n');
    assert.equal(await ends(), 'done');
    assert.deepEqual((await result()).upgrade, { run: `u${runs}`, outcome: 'undone', reason: `OpenClaw ${broken} does not start` });
    await assertRuns(current);
    if (restored) assert.equal(await on(`cat ${HOME}/state/since`), `${broken}\n`);
    assert.equal(await on(`sudo -n ls -A ${HOME}/.. | grep -c '^\\.openclaw-un' || true`), '1\n', 'what the newer one wrote is set aside, the last time only');
    assert.equal(await on(`sudo -n ls -A ${HOME} | grep -c restored- || true`), '0\n');
  });
}

for (const [number, reason] of [[98, 'does not show its page in the dashboard'], [97, 'refuses the WebSocket of its page']]) {
  test(`one that is ready but ${reason} is undone, also when it is cut off meanwhile`, async () => {
    const broken = next(number);
    await cutAt('sleep', '0.5');
    await begin(broken);
    assert.match(await ends(), /^failed launch interrupted$/);
    await uncut('sleep');
    assert.equal(await script('upgrade'), 'started\n');
    assert.equal(await ends(), 'done');
    assert.deepEqual((await result()).upgrade, { run: `u${runs}`, outcome: 'undone', reason: `OpenClaw ${broken} ${reason}` });
    await assertRuns(current);
  });
}

test('what could not be seen before is no fault of the new one', async () => {
  await on('sudo -n systemctl stop caddy');
  await begin(current = next());
  assert.equal(await ends(), 'done');
  assert.equal((await result()).upgrade.outcome, 'upgraded');
  await on('sudo -n systemctl start caddy');
  await assertRuns(current);
});

test('what is interrupted again and again is undone', async () => {
  const version = next();
  for (let i = 0; i < 3; i++) {
    await cutAt('timeout', '*doctor*');
    assert.equal(await (i === 0 ? begin(version) : script('upgrade')), 'started\n');
    assert.match(await ends(), /interrupted$/);
    await uncut('timeout');
  }
  assert.equal(await script('upgrade'), 'started\n');
  assert.equal(await ends(), 'done');
  assert.deepEqual((await result()).upgrade, { run: `u${runs}`, outcome: 'undone', reason: 'it was interrupted again and again' });
  await assertRuns(current);
});

test('one that nobody finished is undone before another begins, and a new setup ends it, too', async () => {
  for (const verb of ['upgrade', 'start']) {
    await cutAt('timeout', '*doctor*');
    await begin(next());
    assert.match(await ends(), /^failed doctor interrupted$/);
    await uncut('timeout');
    if (verb === 'upgrade') {
      await begin(current = next());
    } else {
      current = next();
      await begun('start', { ...VALUES, OPENCLAW_VERSION: current, RUN_ID: 'r2' });
    }
    assert.equal(await ends(), 'done');
    await assertRuns(current);
  }
});

test('one that nobody finished and somebody has worked with since is left as it is', async () => {
  await cutAt('timeout', '*doctor*');
  await begin(next());
  assert.match(await ends(), /^failed doctor interrupted$/);
  await uncut('timeout');
  await on('sudo -n systemctl start openclaw-gateway');
  await until('it is at work after a reboot', () => on('curl -fsS -o /dev/null http://127.0.0.1:18789/readyz && echo yes || true').then((said) => said === 'yes\n'));
  await on(`echo days >${HOME}/state/worked`);
  await begin(current = next());
  assert.equal(await ends(), 'done');
  await assertRuns(current);
  assert.equal(await on(`cat ${HOME}/state/worked`), 'days\n');
});

test('there is no way back, nothing to upgrade on a machine without a setup, and no secret in sight', async () => {
  await begin('2026.9.6');
  assert.equal(await ends(), 'done');
  assert.deepEqual((await result()).upgrade, { run: `u${runs}`, outcome: 'undone', reason: `OpenClaw ${current} is newer, and there is no way back to 2026.9.6` });
  await assertRuns(current);
  assert.equal((await result()).gatewayToken, VALUES.GATEWAY_TOKEN);
  await new Promise((resolve) => { setTimeout(resolve, LOOK_LASTS_MS); });
  assert.equal(await on(`cat ${STATE}/failure 2>/dev/null || true`), '', 'its end is no failure of the run');
  const said = await on(`cat /var/log/standins.log ${STATE}/log ${STATE}/console`);
  assert.doesNotMatch(said, new RegExp(`${VALUES.OPENROUTER_API_KEY}|${VALUES.GATEWAY_TOKEN}`));
  await on(`sudo -n mv ${STATE}/result.json ${STATE}/kept`);
  assert.equal((await ssh(door, `sudo -n /bin/bash ${FOLDER}/setup.sh upgrade`)).status, 1);
});
