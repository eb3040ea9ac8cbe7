// READY is what a person can use from outside: a valid certificate, a page that says 200 and that our dashboard may frame
// (and not everybody), /readyz, and a WebSocket that opens for the page. Each of these that does not hold has a sentence
// of its own, keeps a machine from READY, and is noticed on one that was.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from '../harness/wait.mjs';
import { forgetKeys, on } from './hostile/machine.mjs';
import { age, assertClear, assertReady, begin, calm, deploy, destroyed, end, restartWith, row, untilMessage, world } from './hostile/world.mjs';

const FORBIDDEN = 'Its page forbids every frame \\(X-Frame-Options\\), so the dashboard cannot show it';
const ORIGIN = "OpenClaw refuses the WebSocket of its own page: the page's address is not among its allowed origins";
const QUICK = { WATCH_POLL_S: 0.5 };

// what is wrong with the machine, and what people read
const FAULTS = [
  ['certificate-untrusted', 'Its TLS certificate is not from a trusted authority'],
  ['certificate-expired', 'Its TLS certificate has expired'],
  ['certificate-other', 'Its TLS certificate is not for this address'],
  ['page-500', 'It gives 500 for its page'],
  ['readyz-503', 'OpenClaw does not run yet \\(its readiness gives 503\\)'],
  ['x-frame-options', FORBIDDEN],
  ['policy-dropped', 'Its page has lost its Content-Security-Policy, so any website may frame it'],
  ['frame-ancestors-dropped', 'Its page does not say who may frame it \\(frame-ancestors\\), so any website may'],
  ['frame-ancestors-anybody', 'Its page may be framed by any website \\(frame-ancestors\\)'],
  ['frame-ancestors-other', 'Its page may not be framed by the dashboard at http://127\\.0\\.0\\.1:\\d+ \\(frame-ancestors\\)'],
  ['policy-only-framing', "Its page has lost OpenClaw's own Content-Security-Policy; only who may frame it is left"],
  ['websocket-403', 'It refuses the WebSocket of its own page \\(403\\)'],
  ['policy-twice', 'Its page may not be framed by the dashboard at http://127\\.0\\.0\\.1:\\d+ \\(frame-ancestors\\)'],
  ['websocket-502', 'OpenClaw does not run yet \\(its WebSocket gives 502\\)'],
  ['websocket-page', 'It answers with a page where it should open a WebSocket'],
  ['websocket-wrong-accept', 'It says that it opens a WebSocket, but not the one it was asked for'],
  ['websocket-closes', 'Its WebSocket opens and is closed at once \\(1008\\)'],
  ['websocket-breaks', 'Its WebSocket opens and breaks off at once'],
  ['websocket-stranger', 'Its WebSocket opens, but it is not OpenClaw that speaks there'],
  ['websocket-origin', ORIGIN],
  ['websocket-mute', 'It does not answer in time when asked to open a WebSocket'],
  ['websocket-silent', 'Its WebSocket opens and stays silent'],
];

const faults = (...kinds) => world.sandbox.settings({ machine_faults: kinds });
const types = async (id) => (await world.api.events(id)).map((event) => event.type);
const waits = (id, text) => untilMessage(id, new RegExp(`^Waiting for OpenClaw: ${text}$`), { deadline: 40 });
const fails = (id, text) => untilMessage(id, new RegExp(`^OpenClaw does not work at the moment: ${text}$`), { deadline: 60 });

before(() => begin({ 'health-monitor': QUICK }));
after(async () => {
  await forgetKeys();
  await end();
});
afterEach(calm);

/** One that is set up and was looked at for a while already, so that people are told what it lacks. */
async function watched() {
  const [id] = await deploy();
  await until(async () => (await row('watch', id))?.state === 'new', { deadline: 60, what: 'it is looked at' });
  await age('watch', id, 10);
  return id;
}

/** One that is set up, but not looked at from outside yet. */
async function unseen() {
  await world.stack.stop('health-monitor.1');
  const [id] = await deploy();
  await until(async () => (await row('installation', id))?.state === 'installed', { deadline: 60, what: 'it is installed' });
  return id;
}

const look = async (id) => {
  await world.stack.start('health-monitor.1');
  await until(async () => (await row('watch', id))?.state === 'new', { deadline: 30, what: 'it is looked at' });
  await age('watch', id, 10);
};

describe('never READY', () => {
  test('each condition that does not hold is told, and READY comes when all of them do', { timeout: 300000 }, async () => {
    await faults(FAULTS[0][0]);
    const id = await watched();
    for (const [kind, text] of FAULTS) {
      await faults(kind);
      await waits(id, text);
      const { status, statusMessage } = await world.api.deployment(id);
      assert.equal(status, 'INSTALLING', kind);
      assertClear(statusMessage);
    }
    assert.ok(!(await types(id)).includes('instance.ready'));
    await faults();
    await assertReady(id, { orders: 1 });
    await destroyed(id);
  });

  test('of several the one that says most is told', async () => {
    await faults('websocket-403', 'x-frame-options', 'readyz-503', 'certificate-expired');
    const id = await watched();
    await waits(id, 'Its TLS certificate has expired');
    await faults('websocket-403', 'x-frame-options', 'readyz-503');
    await waits(id, 'OpenClaw does not run yet \\(its readiness gives 503\\)');
    await faults('websocket-403', 'x-frame-options');
    await waits(id, FORBIDDEN);
    await faults('websocket-403');
    await waits(id, 'It refuses the WebSocket of its own page \\(403\\)');
    await faults();
    await assertReady(id);
    await destroyed(id);
  });

  test('a gateway that does not know its own address loads its page and refuses its WebSocket', async () => {
    const id = await unseen();
    const config = '/var/lib/openclaw/.openclaw/openclaw.json';
    await on(id, `sudo -n cp -p ${config} ${config}.kept && sudo -n sed -i 's#"https://[^"]*"#"https://elsewhere.example"#' ${config}`);
    await look(id);
    await waits(id, ORIGIN);
    await on(id, `sudo -n cp -p ${config}.kept ${config}`);
    await assertReady(id);
    await destroyed(id);
  });

  test('what the web server is told to change in the page is what counts', async () => {
    const id = await unseen();
    const caddy = (change) => on(id, `sudo -n cp -n /etc/caddy/Caddyfile /etc/caddy/kept; sudo -n sed '${change}' /etc/caddy/kept |
      sudo -n tee /etc/caddy/Caddyfile >/dev/null && sudo -n systemctl restart caddy`);
    await caddy('/header_down -X-Frame-Options/d');
    await look(id);
    await waits(id, FORBIDDEN);
    await caddy('/header_down Content-Security-Policy/d');
    await waits(id, 'Its page may not be framed by the dashboard at .*');
    await caddy('s/header_down Content-Security-Policy .*/header_down -Content-Security-Policy/');
    await waits(id, 'Its page has lost its Content-Security-Policy, so any website may frame it');
    await caddy('');
    await assertReady(id);
    await destroyed(id);
  });
});

describe('READY no more', () => {
  test('a WebSocket that died and a page that anybody may frame are noticed, and so is their end', async () => {
    const [id] = await deploy();
    await assertReady(id);
    for (const [kind, text] of [['websocket-closes', 'Its WebSocket opens and is closed at once \\(1008\\)'],
      ['frame-ancestors-dropped', 'Its page does not say who may frame it \\(frame-ancestors\\), so any website may']]) {
      await faults(kind);
      await fails(id, text);
      await faults();
      await untilMessage(id, /^OpenClaw is ready$/, { deadline: 40 });
      assert.deepEqual((await types(id)).slice(-2), ['instance.unhealthy', 'instance.recovered']);
    }
    assert.equal((await world.api.deployment(id)).status, 'READY');
    await destroyed(id);
  });

  test('a dashboard that moved is told by its address, one of several, too', async () => {
    const [id] = await deploy();
    await assertReady(id);
    await restartWith('health-monitor', { DASHBOARD_ORIGIN: `${world.stack.env.API_URL} https://dash.example` });
    await fails(id, 'Its page may not be framed by the dashboard at https://dash\\.example \\(frame-ancestors\\)');
    await restartWith('health-monitor', {});
    await untilMessage(id, /^OpenClaw is ready$/, { deadline: 40 });
    await destroyed(id);
  });

  test('after a restart it is looked at at once, and not when its turn comes', async () => {
    const [id] = await deploy();
    await assertReady(id);
    await restartWith('health-monitor', { WATCH_POLL_S: 3600 });
    // One look of the ordinary kind, after which the next one is an hour away.
    const next = () => world.stack.psql(`select 1 from watch.resource where id = '${id}' and due_at > now() + interval '1000 s'`);
    await until(async () => (await next()).length, { deadline: 30, what: 'the next look is an hour away' });
    await faults('websocket-403');
    await world.api.restart(id);
    await fails(id, 'It refuses the WebSocket of its own page \\(403\\)');
    await destroyed(id);
    await restartWith('health-monitor', {});
  });
});
