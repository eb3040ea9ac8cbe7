// OpenClaw opened from the dashboard's frame, in a browser that keeps nothing for framed pages: who gets in, who does not,
// and what becomes of an open page when its gateway goes down and comes back.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Browser } from '../../browser/browser.mjs';
import { until } from '../../sandbox/machines/client.js';
import { chat, connected, controlUi, picture } from '../control-ui.mjs';
import { dir, millis, opened, ready, seconds } from './scene.mjs';

const CONFIG = '/var/lib/openclaw/.openclaw/openclaw.json';
let real, machine, browser, page, ui, link;
const answered = async () => real.chats().filter(({ status, key }) => status === 200 && key === machine.hash).length;

before(async () => {
  ({ real, machine } = await opened());
  browser = await Browser.start({ env: { MACHINE_CA_FILE: join(dir, 'ca.pem'), API_URL: real.dashboard } });
});
after(() => browser?.close());

// As the product does it: the public origin, no word of the address inside, and the token for browsers that keep nothing
// for framed pages.
async function mintedLink() {
  const said = JSON.parse((await machine.openclaw('dashboard --json')).trim().split('\n').at(-1));
  const fragment = new URLSearchParams(new URL(said.browserUrl).hash.slice(1));
  const inside = fragment.get('gatewayUrl');
  fragment.delete('gatewayUrl');
  fragment.set('token', machine.gatewayToken);
  return { ...said, inside, fragment, url: `https://${machine.ip}/#${fragment}` };
}

/** Who waits to be approved. */
async function requests() {
  const said = await machine.openclaw('devices list --json');
  return JSON.parse(said.slice(said.indexOf('{'))).pending;
}

/** How the machine's page in that frame is kept by its browser: 'kept', or the name of the error. */
const storage = (of) => of.frames().find((one) => one.url().startsWith(`https://${machine.ip}`)).evaluate(() => {
  try {
    localStorage.setItem('kept', '1');
    return 'kept';
  } catch (error) {
    return error.name;
  }
});

async function framed(url) {
  const person = await browser.person();
  person.context.setDefaultTimeout(120000);
  await person.page.goto('/');
  await person.page.evaluate((address) => { document.querySelector('iframe').src = address; }, url);
  return person.page;
}

test('T4: a link is made for one click: for the owner, for ten minutes, and as it is made for the address inside', async (t) => {
  t.diagnostic(`making a link ${seconds(await millis(async () => { link = await mintedLink(); }))}`);
  assert.equal(link.ok, true);
  assert.match(link.inside, /127\.0\.0\.1:18789/);
  machine.bootstrapToken = link.fragment.get('bootstrapToken');
  assert.match(machine.bootstrapToken, /^\S{16,}$/);
  assert.equal(link.fragment.get('bootstrapProfile'), 'owner');
  assert.ok(link.browserBootstrapExpiresAtMs > Date.now() + 5 * 60000);
});

test('T25: it opens OpenClaw in the dashboard\'s frame, and the model answers, asked with just this key', async (t) => {
  const from = real.world.journal.count;
  t.diagnostic(`typed into ${seconds(await millis(async () => {
    page = await framed(link.url);
    ui = controlUi(page);
    await connected(ui);
  }))} after the click`);
  t.diagnostic(`the first answer ${seconds(await millis(() => chat(ui, 'Is anybody there?', answered)))} after that`);
  await picture(page, 'real-machine');
  const chats = real.chats(from);
  assert.ok(chats.length >= 1);
  assert.ok(chats.every(({ status, key }) => status === 200 && key === machine.hash), JSON.stringify(chats));
});

test('T3, T5: a used link lets no other browser in', async () => {
  const { gateway } = JSON.parse(await machine.root(`cat ${CONFIG}`));
  assert.equal(JSON.stringify(gateway).includes('dangerously'), false);
  const other = await framed(link.url);
  const inside = controlUi(other).inside;
  await inside.getByText(/secret rejected|already used/i).first().waitFor();
  assert.equal(await inside.locator('textarea:visible').count(), 0);
  await other.context().close();
});

// The product's way in where no link is made: services/installer/devices.h reads just these fields.
test('T2: the token alone lets no browser in, until its exact request is approved; then it connects by itself', async (t) => {
  const before = await requests();
  const other = await framed(`https://${machine.ip}/#token=${machine.gatewayToken}`);
  const ui2 = controlUi(other);
  await ui2.inside.getByText(/approve this browser/i).first().waitFor();
  assert.equal(await ui2.inside.locator('textarea:visible').count(), 0);
  const fresh = (await requests()).filter(({ requestId }) => !before.some((old) => old.requestId === requestId));
  assert.equal(fresh.length, 1);
  const [{ requestId, clientId, role, roles }] = fresh;
  assert.match(requestId, /^[A-Za-z0-9_][\w-]{7,63}$/);
  assert.deepEqual({ clientId, role, roles }, { clientId: 'openclaw-control-ui', role: 'operator', roles: ['operator'] });
  await machine.openclaw(`devices approve ${requestId} --json`);
  t.diagnostic(`typed into ${seconds(await millis(() => connected(ui2)))} after the approval`);
  assert.equal((await requests()).some((one) => one.requestId === requestId), false);
  await other.context().close();

  const refused = await framed(`https://${machine.ip}/#token=${machine.gatewayToken}`);
  await controlUi(refused).inside.getByText(/approve this browser/i).first().waitFor();
  const [waiting] = await requests();
  await refused.context().close();
  await machine.openclaw(`devices reject ${waiting.requestId} --json`);
  assert.deepEqual(await requests(), []);
});

test('T1, T6: a broken configuration stops the gateway once; mended, it is back, and the open page by itself, but not one that has no token', async (t) => {
  const { fragment } = await mintedLink();
  fragment.delete('token');
  const bare = await framed(`https://${machine.ip}/#${fragment}`);
  await connected(controlUi(bare));
  for (const one of [page, bare]) assert.equal(await storage(one), 'SecurityError', 'the browser keeps nothing for framed pages');
  const state = async () => Object.fromEntries((await machine.run('systemctl show openclaw-gateway -p ActiveState,ExecMainStatus,NRestarts')).trim().split('\n').map((line) => line.split('=')));
  await machine.root(`cp -p ${CONFIG} /root/good.json && sed -i "0,/{/s//{ \\"nonsense\\": true,/" ${CONFIG} && systemctl restart openclaw-gateway`);
  const found = await until('the gateway gives up', async () => {
    const now = await state();
    return now.ActiveState === 'failed' && now;
  }, 180000);
  assert.deepEqual([found.ExecMainStatus, found.NRestarts], ['78', '0']);
  await machine.root(`cp -p /root/good.json ${CONFIG} && rm /root/good.json && systemctl reset-failed openclaw-gateway && systemctl start openclaw-gateway`);
  t.diagnostic(`ready ${seconds(await millis(() => ready(machine)))} after its start`);
  t.diagnostic(`the page chats on ${seconds(await millis(() => chat(ui, 'Are you back?', answered)))} after that`);
  await picture(page, 'real-machine-back');
  await controlUi(bare).inside.getByText(/expects its token/i).first().waitFor();
  assert.equal(await controlUi(bare).inside.locator('textarea:visible').count(), 0);
  await bare.context().close();
});
