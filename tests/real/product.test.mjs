// The main job with nothing stood in for on the user's side of it: the dashboard in Chromium, one click, a machine that
// boots and gets the real OpenClaw, its Control UI in the dashboard's frame, a message answered by the model that was
// asked with this deployment's key; restart; destroy. Meanwhile the installer is killed twice. One story, told in order.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Browser } from '../browser/browser.mjs';
import { button, card, dialog, link, PASSWORD, sees, seesNoMore, seesText, signUp } from '../browser/pages.mjs';
import { ROOT, startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { isThere, onConsole } from './console.mjs';
import { chat, connected, controlUi, picture } from './control-ui.mjs';
import { unable } from './place.mjs';

const FRAME = 'iframe[title="OpenClaw"]';
const skip = unable();
const slow = (minutes) => ({ skip, timeout: minutes * 60000 });

let stack, browser, page, api, id, ip, ui;

const chats = async (from = 0) => (await stack.sandbox.journal(from)).filter(({ path }) => path === '/api/v1/chat/completions');
const answered = async () => (await chats()).filter(({ status }) => status === 200).length;
const journalEnd = async () => (await stack.sandbox.journal()).at(-1)?.n ?? 0;
const setupLog = async () => (await api.log(id)).lines.map(({ text }) => text);
const since = (at) => `${((Date.now() - at) / 1000).toFixed(1)} s`;

// Until the product makes links itself: as its owner would by hand, on the machine.
const MAKES_LINKS = /deployments\/\{id\}\/open:/.test(readFileSync(join(ROOT, 'proto/openapi.yaml'), 'utf8'));
async function openByHand() {
  if (MAKES_LINKS) return;
  const said = await onConsole(ip, 'cd /var/lib/openclaw && runuser -u openclaw -- env HOME=/var/lib/openclaw openclaw dashboard --json </dev/null; cat /var/lib/openclaw-setup/result.json');
  const [made, result] = said.trim().split('\n').slice(-2).map((line) => JSON.parse(line));
  const fragment = new URLSearchParams(new URL(made.browserUrl).hash.slice(1));
  fragment.delete('gatewayUrl');
  fragment.set('token', result.gatewayToken);
  await sees(page.locator(FRAME));
  await page.evaluate(([frame, url]) => { document.querySelector(frame).src = url; }, [FRAME, `https://${ip}/#${fragment}`]);
}

before(async () => {
  if (skip) return;
  stack = await startStack({ machines: 'nspawn', settings: { 'ovh-orderer': { RELEASE_POLL_S: 1 }, 'api-gateway': { DEPLOYMENT_LIMIT_S: 3000 } } });
  browser = await Browser.start(stack);
  ({ page } = await browser.person());
});
after(async () => {
  await browser?.close();
  await stack?.close();
});

test('somebody signs up and presses Deploy', slow(5), async () => {
  const email = await signUp(page);
  api = stack.api();
  await api.signIn(email, PASSWORD);
  await button(page, 'Deploy OpenClaw').click();
  await sees(link(card(page), 'Details'));
  [{ id }] = await api.list();
  await link(card(page), 'Details').click();
});

test('the installer is killed twice in the middle of the setup, which goes on and finishes once', slow(45), async (t) => {
  const clicked = Date.now();
  for (const step of ['openclaw', 'config']) {
    await until(async () => (await setupLog()).some((line) => line.startsWith(`== ${step}:`)), { deadline: 1200, every: 0.5, what: `the setup is at ${step}` });
    await stack.kill('installer.1');
    await stack.start('installer.1', { ready: false });
  }
  await picture(page, 'real-installing');
  const ready = await api.waitStatus(id, 'READY', { deadline: 1500, every: 0.5 });
  ip = new URL(ready.url).hostname;
  t.diagnostic(`READY after ${since(clicked)}`);
  const log = await setupLog();
  for (const step of ['packages', 'node', 'openclaw', 'caddy', 'config', 'key', 'services', 'verify']) {
    const took = log.filter((line) => line.startsWith(`${step} took `));
    assert.equal(took.length, 1, `${step}: ${took}`);
    t.diagnostic(took[0]);
  }
  assert.equal(log.filter((line) => /added \d+ packages/.test(line)).length, 1);
  const { keys } = await stack.sandbox.ledger();
  assert.equal(keys.length, 1);
});

test("the dashboard's frame shows the Control UI, and the model is asked with this deployment's key alone", slow(15), async (t) => {
  const [{ hash }] = (await stack.sandbox.ledger()).keys;
  const from = await journalEnd();
  const began = Date.now();
  await page.reload();
  ui = controlUi(page, FRAME);
  await openByHand();
  await connected(ui);
  t.diagnostic(`the chat can be typed into ${since(began)} after the page was asked for`);
  await picture(page, 'real-opened');
  await chat(ui, 'Is anybody there?', answered);
  t.diagnostic(`the first answer is there after ${since(began)}`);
  await picture(page, 'real-answered');
  const asked = await chats(from);
  assert.ok(asked.length >= 1);
  assert.ok(asked.every(({ status, key }) => status === 200 && key === hash), JSON.stringify(asked));
});

test('restart: the same page is back by itself, and chats on', slow(15), async (t) => {
  const pid = await onConsole(ip, 'systemctl show -p MainPID --value openclaw-gateway');
  const began = Date.now();
  await button(page, 'Restart').click();
  await until(async () => !['0\n', pid].includes(await onConsole(ip, 'systemctl show -p MainPID --value openclaw-gateway')), { deadline: 300, what: 'a new gateway' });
  await until(async () => (await onConsole(ip, 'curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:18789/readyz || true')) === '200', { deadline: 300, every: 0.5, what: 'it is ready' });
  await openByHand();
  await connected(ui);
  t.diagnostic(`connected again ${since(began)} after the click on Restart`);
  await chat(ui, 'And now?', answered);
  await picture(page, 'real-restarted');
  assert.equal((await api.deployment(id)).status, 'READY');
});

test('destroy: the key is revoked, the server released, the machine gone', slow(10), async () => {
  await link(page, 'Dashboard').click();
  await button(card(page), 'Destroy').click();
  await button(dialog(page), 'Destroy').click();
  await seesNoMore(dialog(page));
  await api.waitStatus(id, 'DESTROYED', { deadline: 300 });
  await sees(button(page, 'Deploy OpenClaw'));
  const { keys, servers } = await stack.sandbox.ledger();
  assert.deepEqual([keys, servers.filter(({ delete_at_expiration: ends }) => !ends)], [[], []]);
  await until(() => !isThere(ip) || onConsole(ip, 'test ! -e /var/lib/openclaw-setup').then(() => true, () => false), { deadline: 60, what: 'nothing of OpenClaw is on the machine' });
  await page.goto(`/openclaw/${id}`);
  await seesText(page, 'Destroyed');
  await picture(page, 'real-destroyed');
});
