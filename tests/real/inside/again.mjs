// What comes after a setup: nothing secret is left about, a second run, an older version, a reboot; and a setup that is
// killed on its way.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { until } from '../../sandbox/machines/client.js';
import { HOME, SKILLS_THERE, STATE, VERSION } from '../world.mjs';
import { millis, opened, ready, seconds } from './scene.mjs';

const NO_SKILL = '@nobody/has-this';
const SKILL = 'agentwallet';
let real, machine;
before(async () => { ({ real, machine } = await opened()); });

// A link's name is looked for too, as there were more links than one.
test('T21: no secret, of a link neither, is in a process, a log, the journal or a file that others may read', async () => {
  const secrets = [machine.openRouterKey, machine.gatewayToken, machine.bootstrapToken].join('\n');
  await machine.run('umask 077; cat >secrets', secrets);
  await machine.run('umask 077; cat >words', `${secrets}\nbootstrapToken`);
  const count = (command) => machine.root(`${command} | grep -c -F -f /home/debian/words || true`);
  assert.equal(await count('cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"'), '0\n');
  assert.equal(await count('journalctl --no-pager -o cat'), '0\n');
  assert.equal(await count(`cat ${STATE}/log ${STATE}/console`), '0\n');
  const places = (await machine.root('grep -rlF -f /home/debian/secrets / --exclude-dir=proc --exclude-dir=sys --exclude-dir=node_modules 2>/dev/null || true')).trim().split('\n');
  assert.deepEqual(places.filter((path) => !/^\/(var\/lib\/openclaw\/|home\/debian\/(secrets|words)$)/.test(path)), [`${STATE}/result.json`]);
  assert.doesNotMatch(await machine.run(`ls -a ${HOME} ${STATE}`), /setup\.env|values|redact/);
  await machine.run('shred -u secrets words');
});

test('a second start does nothing; a second run changes little, and uses the certificate that was kept', async (t) => {
  const serial = async () => (await ready(machine)).certificate.serialNumber;
  assert.equal(await machine.setup('start'), 'already done\n');
  const before = await serial();
  await machine.setup(`certificates >${HOME}/certificates.tgz`);
  await machine.root('systemctl stop caddy && rm -rf /var/lib/caddy/.local');
  await machine.upload({ RUN_ID: 'run-2', SKILLS: `${SKILL} ${NO_SKILL}` });
  await machine.setup('start');
  const took = await millis(() => machine.reaches(/^(done|failed)/));
  t.diagnostic(`the second run ${seconds(took)}`);
  const log = await machine.log();
  assert.equal((await machine.follow()).status, 'done', log);
  assert.equal(log.match(/added \d+ packages/g).length, 1, 'installed once');
  assert.equal(JSON.parse(await machine.setup('result')).skillsMissing, NO_SKILL, 'what is there is not installed again');
  assert.equal(await serial(), before);
  assert.equal((await machine.try(`ls ${HOME}/certificates.tgz ${STATE}/certificates.tgz`)).output, '');
});

test('T17: an older OpenClaw is refused, in words, and the newer one is left alone', async () => {
  const [year, month, patch] = VERSION.split('.').map(Number);
  const older = `${year}.${month}.${patch - 1}`;
  await machine.upload({ RUN_ID: 'run-3', OPENCLAW_VERSION: older });
  await machine.setup('start');
  assert.equal(await machine.reaches(/^(done|failed)/), `failed openclaw OpenClaw ${VERSION} is installed, and there is no way back to ${older}`);
  assert.match(await machine.run('openclaw --version'), new RegExp(VERSION.replaceAll('.', '\\.')));
});

test('a reboot brings everything back', async () => {
  await real.machines.reboot(machine.name);
  await ready(machine);
});

test('a wrong download is refused; a setup killed three times goes on and finishes once, also without a skill that can not be had', async () => {
  const other = await real.machine();
  other.openRouterKey = machine.openRouterKey;
  await other.upload({ NODE_SHA256: '0'.repeat(64) });
  await other.setup('start');
  assert.equal(await other.reaches(/^(done|failed)/), 'failed node the download of Node.js has the wrong checksum');
  await other.upload({ RUN_ID: 'run-2', SKILLS: `${NO_SKILL} ${SKILL}` });
  await other.setup('start');
  for (const step of ['openclaw', 'config', 'key']) {
    await other.reaches(new RegExp(`^(running ${step}|done|failed)`));
    await until(`${step} is at work`, async () => (await other.root('pgrep -c -f "[n]pm install|[o]penclaw config|[p]aste-api-key" || true')) !== '0\n', 300000);
    await other.root('systemctl kill --signal=KILL openclaw-setup');
    assert.equal(await other.reaches(/^(done|failed)/), `failed ${step} interrupted`);
    assert.equal(await other.setup('start'), 'started\n');
  }
  const status = await other.reaches(/^(done|failed)/);
  const log = await other.log();
  assert.equal(status, 'done', log);
  for (const step of ['node', 'openclaw', 'config', 'services', 'verify', 'key']) assert.equal(log.match(new RegExp(`^${step} took`, 'gm')).length, 1, step);
  assert.ok(log.includes(`The skill ${NO_SKILL} could not be installed`), log);
  assert.equal(JSON.parse(await other.setup('result')).skillsMissing, NO_SKILL);
  assert.equal(await other.root(SKILLS_THERE), `${SKILL}\n`);
  assert.equal(await other.root(`ls -d ${STATE}/beside.* 2>/dev/null || true`), '');
  await ready(other);
});
