// The main job with nothing stood in for on the user's side of it: the dashboard in Chromium, one click, a machine that
// boots and gets the real OpenClaw, its Control UI in the dashboard's frame, a message answered by the model that was
// asked with this deployment's key; restart; destroy. Meanwhile the installer is killed twice. One story, told in order.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from '../browser/browser.mjs';
import { button, card, dialog, link, PASSWORD, sees, seesNoMore, seesText, signUp } from '../browser/pages.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { isThere, onConsole } from './console.mjs';
import { chat, controlUi, picture } from './control-ui.mjs';
import { unable } from './place.mjs';
import { SKILLS_THERE } from './world.mjs';

const FRAME = 'iframe[title="OpenClaw"]';
const skip = unable();
const slow = (minutes) => ({ skip, timeout: minutes * 60000 });

let stack, browser, page, api, id, ip, ui;

const chats = async (from = 0) => (await stack.sandbox.journal(from)).filter(({ path }) => path === '/api/v1/chat/completions');
const answered = async () => (await chats()).filter(({ status }) => status === 200).length;
const journalEnd = async () => (await stack.sandbox.journal()).at(-1)?.n ?? 0;
const setupLog = async () => (await api.log(id)).lines.map(({ text }) => text);
const since = (at) => `${((Date.now() - at) / 1000).toFixed(1)} s`;

// A link is waited for no longer than a person would; on a busy host it may take a second try, as a person would make.
async function seesOpenClaw() {
  await until(async () => {
    if (await ui.input.isEnabled({ timeout: 1000 }).catch(() => false)) return true;
    await button(page, 'Try again').click({ timeout: 100 }).catch(() => {});
    return false;
  }, { deadline: 600, every: 0.1, what: 'the Control UI can be typed into' });
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
  for (const step of ['packages', 'node', 'openclaw', 'caddy', 'config', 'services', 'verify', 'key', 'skills']) {
    const took = log.filter((line) => line.startsWith(`${step} took `));
    assert.equal(took.length, 1, `${step}: ${took}`);
    t.diagnostic(took[0]);
  }
  assert.equal(log.filter((line) => /added \d+ packages/.test(line)).length, 1);
  assert.equal(await onConsole(ip, SKILLS_THERE), 'agentwallet\n');
  const { keys } = await stack.sandbox.ledger();
  assert.equal(keys.length, 1);
});

test("the dashboard's frame shows the Control UI, and the model is asked with this deployment's key alone", slow(30), async (t) => {
  const [{ hash }] = (await stack.sandbox.ledger()).keys;
  const from = await journalEnd();
  ui = controlUi(page, FRAME);
  await seesOpenClaw();
  await picture(page, 'real-opened');
  await chat(ui, 'Is anybody there?', answered);
  await picture(page, 'real-answered');
  const asked = await chats(from);
  assert.ok(asked.length >= 1);
  assert.ok(asked.every(({ status, key }) => status === 200 && key === hash), JSON.stringify(asked));
  let began = Date.now();
  await button(page, 'Reconnect').click();
  await seesNoMore(page.locator(FRAME));
  await seesOpenClaw();
  t.diagnostic(`Reconnect: usable after ${since(began)}`);
  const made = page.waitForResponse((response) => new URL(response.url()).pathname.endsWith('/open'), { timeout: 120000 });
  await link(page, 'Dashboard').click();
  await made;
  began = Date.now();
  await link(card(page), 'Open').click();
  await seesOpenClaw();
  t.diagnostic(`Open, by a link made while the card was looked at: usable after ${since(began)}`);
});

test('restart: it is back by itself, and chats on', slow(30), async (t) => {
  const gateway = () => onConsole(ip, 'systemctl show -p MainPID --value openclaw-gateway');
  const pid = await gateway();
  const began = Date.now();
  await button(page, 'Restart').click();
  await until(async () => !['0\n', pid].includes(await gateway()), { deadline: 300, every: 0.5, what: 'a new gateway' });
  await until(async () => (await api.events(id)).some(({ type }) => type === 'instance.restarted'), { deadline: 600, every: 0.5, what: 'the product says that it was restarted' });
  await seesOpenClaw();
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
