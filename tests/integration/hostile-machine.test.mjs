// Machines that go away, change, break in the middle of the setup or show the world something else: the setup goes on
// where it was or says what failed, and READY is only what can be used from outside.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from '../harness/wait.mjs';
import { forgetKeys, on, power, rebuilt } from './hostile/machine.mjs';
import { age, assertFails, assertReady, begin, calm, deploy, destroyed, end, hurry, row, untilMessage, untilStatus, world } from './hostile/world.mjs';

const settings = (changes) => world.sandbox.settings(changes);
const retry = (id) => world.api.retry(id);
const stop = (service) => world.stack.stop(`${service}.1`);
const start = (service) => world.stack.start(`${service}.1`);
const log = async (id) => (await world.api.log(id)).lines.filter((line) => line.stage === 'installer').map((line) => line.text);
const types = async (id) => (await world.api.events(id)).map((event) => event.type);

before(async () => {
  await begin({ 'health-monitor': { WATCH_POLL_S: 0.5 } });
  await hurry();
});
after(async () => {
  await forgetKeys();
  await end();
});
afterEach(calm);

/** A deployment whose machine nobody has set up yet. */
async function bare() {
  await stop('installer');
  const [id] = await deploy();
  await until(async () => (await row('server', id))?.state === 'ready', { what: 'the machine is there' });
  return id;
}

/** One that is set up, but not looked at from outside yet. */
async function unseen() {
  await stop('health-monitor');
  const [id] = await deploy();
  await until(async () => (await row('installation', id))?.state === 'installed', { what: 'it is installed' });
  return id;
}

const following = (id) => until(async () => (await log(id)).some((text) => text.startsWith('== packages')), { what: 'the setup is at work' });

describe('reaching the machine', () => {
  test('it is off for a while', async () => {
    const id = await bare();
    await power(id, 'stop');
    await start('installer');
    await until(async () => (await row('installation', id))?.state === 'new', { what: 'the installer tries' });
    await untilMessage(id, /^Connecting to the server$/);
    await power(id, 'start');
    await assertReady(id, { orders: 1 });
  });

  test('it stays off: says so, and a retry works', async () => {
    const id = await bare();
    await power(id, 'stop');
    await start('installer');
    await until(async () => (await row('installation', id))?.state === 'new', { what: 'the installer tries' });
    await age('installation', id, 1000);
    await assertFails(id, /^Connecting to the server: took longer than 5 minutes/);
    await power(id, 'start');
    await retry(id);
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  test('it goes off during the setup: the setup goes on where it was', async () => {
    await settings({ setup: 600 });
    const [id] = await deploy();
    await following(id);
    await power(id, 'reboot');
    await settings({ setup: 0 });
    await assertReady(id, { orders: 1 });
    const lines = await log(id);
    assert.equal(lines.filter((text) => text.startsWith('== prepare')).length, 1, 'a finished step is not repeated');
    assert.equal(lines.filter((text) => text.startsWith('== packages')).length, 2, 'the one that was cut off is');
  });

  test('every connection is cut again and again during the setup: nothing is lost or told twice', async () => {
    await settings({ setup: 600 });
    const [id] = await deploy();
    await following(id);
    for (let i = 0; i < 6; i++) await on(id, 'pkill -9 -x sshd', { breaks: true });
    await settings({ setup: 0 });
    await assertReady(id, { orders: 1 });
    const steps = (await log(id)).filter((text) => text.startsWith('== '));
    assert.equal(new Set(steps).size, steps.length, steps.join('\n'));
    assert.match(steps.at(-1), /^== (verify|skills)/);
  });

  test('its host key changes: it is not talked to any more', async () => {
    await settings({ setup: 600 });
    const [id] = await deploy();
    await following(id);
    await rebuilt(id);
    const text = /^The server's SSH host key changed since we met it/;
    await assertFails(id, text);
    await retry(id);
    await untilStatus(id, 'ERROR');
    await assertFails(id, text);
    await destroyed(id);
  });
});

describe('the setup', () => {
  test('a step fails: says which and why, and a retry goes on', async () => {
    const id = await bare();
    await on(id, 'sudo -n sh -c "printf \'#!/bin/sh\\nexit 3\\n\' >/usr/local/bin/tar && chmod 755 /usr/local/bin/tar"');
    await start('installer');
    await assertFails(id, /^Installing (Node\.js|the web server) failed: installing (Node\.js|Caddy) did not work \(exit status 3\)$/);
    await on(id, 'sudo -n rm /usr/local/bin/tar');
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('there is no root on the machine: says so, and a retry works once there is', async () => {
    const id = await bare();
    await on(id, 'sed -i s/^root/toor/ /etc/passwd');
    await start('installer');
    await assertFails(id, /^The setup could not be started: .*unknown user root/);
    await on(id, 'sed -i s/^toor/root/ /etc/passwd');
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('it says nonsense: a status that is none, binary, a line without end', async () => {
    await settings({ setup: 600 });
    const [id] = await deploy();
    await following(id);
    await on(id, `cd /var/lib/openclaw-setup && echo '<html>' | sudo -n tee status >/dev/null
      { head -c 70000 /dev/zero | tr '\\0' x; printf '\\n\\377\\376\\033[31m\\001 end of nonsense\\n'; } | sudo -n tee -a log >/dev/null`);
    await settings({ setup: 0 });
    await assertReady(id, { orders: 1 });
    const lines = await log(id);
    assert.ok(lines.every((text) => text.length <= 500));
    assert.ok(lines.some((text) => text.endsWith(' end of nonsense') && !/[\u0000-\u001f]/.test(text)), 'harmless, and all of it');
  });

  test('its result is none: says so, and a retry reads it again', async () => {
    await settings({ setup: 600 });
    const [id] = await deploy();
    await following(id);
    await stop('installer');
    await settings({ setup: 0 });
    const state = '/var/lib/openclaw-setup';
    await until(async () => (await on(id, `cat ${state}/status`)) === 'done\n', { what: 'the setup is done' });
    await on(id, `sudo -n sh -c "cp -p ${state}/result.json ${state}/kept && echo '<html>' >${state}/result.json"`);
    await start('installer');
    await assertFails(id, /^The installation could not be checked: the setup's result has no gateway token$/);
    await on(id, `sudo -n mv ${state}/kept ${state}/result.json`);
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('it stored another key than the one it was given: ours is kept until the right one is there', async () => {
    const id = await bare();
    const secrets = async () => (await world.stack.psql(`select name from secrets where deployment_id = '${id}'`)).map((secret) => secret.name);
    await on(id, `sudo -n sh -c 'cat >/usr/local/bin/head && chmod 755 /usr/local/bin/head' <<'EOF'
#!/bin/sh
[ "$*" = "-c 64" ] || exec /usr/bin/head "$@"
rm /usr/local/bin/head
setsid -f flock /var/lib/openclaw-setup/start-lock /bin/sleep 5 </dev/null >/dev/null 2>&1 # the next start waits
exec /usr/bin/tr 0-9a-f a-f0-9 | /usr/bin/head -c 64
EOF`);
    await start('installer');
    await untilMessage(id, /^The key did not arrive as it was sent; setting OpenClaw up again$/);
    assert.ok((await secrets()).includes('openrouter_key'));
    await assertReady(id, { orders: 1 });
    assert.equal((await log(id)).filter((text) => text.startsWith('== key')).length, 2);
    assert.deepEqual((await secrets()).sort(), ['gateway_token', 'ssh_private_key']);
  });
});

describe('from outside', () => {
  test('a certificate that is not trusted is never READY, and says so', async () => {
    const id = await unseen();
    await on(id, 'sudo -n sed -i.kept "/profile shortlived/d" /etc/caddy/Caddyfile && sudo -n systemctl restart caddy');
    await start('health-monitor');
    await until(async () => (await row('watch', id))?.state === 'new', { what: 'it is looked at' });
    await age('watch', id, 10);
    await untilMessage(id, /^Waiting for OpenClaw: Its TLS certificate is not from a trusted authority$/);
    assert.equal((await world.api.deployment(id)).status, 'INSTALLING');
    await age('watch', id, 1000);
    await assertFails(id, /^Checking OpenClaw from outside: took longer than 10 minutes: Its TLS certificate is not from a trusted authority$/);
    await on(id, 'sudo -n cp /etc/caddy/Caddyfile.kept /etc/caddy/Caddyfile && sudo -n systemctl restart caddy');
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('a gateway that is down is never READY, and says so', async () => {
    const id = await unseen();
    await on(id, 'sudo -n systemctl stop openclaw-gateway');
    await start('health-monitor');
    await until(async () => (await row('watch', id))?.state === 'new', { what: 'it is looked at' });
    await age('watch', id, 10);
    await untilMessage(id, /^Waiting for OpenClaw: OpenClaw does not run yet \(its page gives 502\)$/);
    await age('watch', id, 1000);
    await assertFails(id, /took longer than 10 minutes: OpenClaw does not run yet/);
    await on(id, 'sudo -n systemctl start openclaw-gateway');
    await retry(id);
    await assertReady(id, { orders: 1 });
  });

  test('what is READY and breaks is said, and so is its recovery', async () => {
    const [id] = await deploy();
    await assertReady(id);
    await on(id, 'sudo -n systemctl stop openclaw-gateway');
    await untilMessage(id, /^OpenClaw does not work at the moment: OpenClaw does not run yet \(its page gives 502\)$/);
    await on(id, 'sudo -n systemctl start openclaw-gateway');
    await untilMessage(id, /^OpenClaw is ready$/);
    assert.deepEqual((await types(id)).slice(-2), ['instance.unhealthy', 'instance.recovered']);
    await power(id, 'stop');
    await untilMessage(id, /^OpenClaw does not work at the moment: It cannot be reached$/);
    await power(id, 'start');
    await untilMessage(id, /^OpenClaw is ready$/);
    await destroyed(id);
  });

  test('a restart of a machine that is off is told, and changes nothing', async () => {
    const [id] = await deploy();
    await assertReady(id);
    await power(id, 'stop');
    await world.api.restart(id);
    await untilMessage(id, /^The restart did not work: /);
    assert.equal((await world.api.deployment(id)).status, 'READY');
    await destroyed(id);
  });
});
