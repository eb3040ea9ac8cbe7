// The main job in a browser: sign up, sign in, one click, four steps, OpenClaw's own page in its
// frame, restart, destroy. The tests are one story, told in order on one page that is never reloaded
// behind its back. The sandbox holds each step until it has been seen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { run } from '../harness/command.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { Browser, unexpected } from './browser.mjs';
import { look } from './look.mjs';
import { button, card, dialog, fillSignIn, fillSignUp, frame, link, newEmail, PASSWORD, sees, seesNoMore, seesStep, seesText, tabTo } from './pages.mjs';

const HELD = 3600; // seconds: until we say otherwise

let stack, browser, page, complaints, id;
const email = newEmail();

before(async () => {
  stack = await startStack({ settings: { 'ovh-orderer': { RELEASE_POLL_S: 1 } } });
  await stack.sandbox.settings({ checking: 0.1, delivering: HELD, deliver_task: 0.1, ips: 0.1, rebuild: HELD, setup: HELD, service_active: 0 });
  browser = await Browser.start(stack);
  ({ page, complaints } = await browser.person());
});
after(async () => {
  await browser?.close();
  await stack?.close();
});

test('a stranger is sent to sign in, signs up and finds the invitation', async () => {
  await page.goto('/dashboard');
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  assert.equal(new URL(page.url()).pathname, '/sign-in');
  await look(page, 'sign-in');
  await link(page, 'Create an account').click();
  await sees(page.getByRole('heading', { name: 'Create account' }));
  await look(page, 'sign-up');
  await fillSignUp(page, email);
  await sees(button(page, 'Deploy OpenClaw'));
  await look(page, 'dashboard-empty');
});

test('signs out and in again', async () => {
  await button(page, 'Sign out').click();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  assert.deepEqual((await page.context().cookies()).filter(({ name }) => name === 'session'), []);
  await fillSignIn(page, email);
  await sees(button(page, 'Deploy OpenClaw'));
  const [session] = (await page.context().cookies()).filter(({ name }) => name === 'session');
  assert.equal(session.httpOnly, true);
  assert.equal(session.sameSite, 'Lax');
});

test('one click deploys, and the first step is under way', async () => {
  await button(page, 'Deploy OpenClaw').dblclick();
  await seesStep(page, 'Ordering VPS', 'in progress');
  await seesStep(page, 'Setting up server', 'not started');
  await seesText(card(page), 'Ordering');
  assert.equal(await card(page).count(), 1, 'a double click is one deployment');
  await look(page, 'dashboard-deploying');
});

test('the detail page follows it live, step by step, without a reload', async () => {
  const streams = [];
  page.on('request', (request) => {
    if (request.resourceType() === 'eventsource') streams.push(request.url());
  });
  await link(card(page), 'Details').click();
  id = new URL(page.url()).pathname.split('/').at(-1);
  const activity = page.getByRole('region', { name: 'Activity', exact: true });
  await sees(activity.getByText('Live', { exact: true }));
  assert.equal(streams.length, 1);
  await page.evaluate(() => (window.sameDocument = true));
  const events = activity.getByRole('listitem');
  const before = await events.count();
  await look(page, 'detail-ordering');

  await stack.sandbox.settings({ delivering: 0.1 });
  await seesStep(page, 'Ordering VPS', 'done');
  await seesStep(page, 'Setting up server', 'in progress');
  await until(async () => (await events.count()) > before, { what: 'a new line in the timeline' });
  await look(page, 'detail-setting-up');

  await stack.sandbox.settings({ rebuild: 0.1 });
  await seesStep(page, 'Setting up server', 'done');
  await seesStep(page, 'Installing OpenClaw', 'in progress');
  await seesText(page.getByRole('region', { name: 'Setup log', exact: true }), 'Installing system packages');
  await look(page, 'detail-installing');
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});

test('when it is ready the page turns into OpenClaw itself', async () => {
  await stack.sandbox.settings({ setup: 0.1 });
  await sees(frame(page).getByRole('heading', { name: 'Your OpenClaw is running' }));
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  await look(page, 'detail-ready');
  await button(page, 'Activity').click();
  await seesText(page.getByRole('region', { name: 'Activity', exact: true }), 'instance.ready');
  await look(page, 'detail-ready-activity');
  await button(page, 'Activity').click();
});

test('the dashboard offers to open it, and its frame is alive', async () => {
  await link(page, 'Dashboard').click();
  await seesText(card(page), 'Ready');
  await look(page, 'dashboard-ready');
  await link(card(page), 'Open').click();
  await sees(frame(page).getByText('connected', { exact: true }));
  await frame(page).getByLabel('Message').fill('hello');
  await button(frame(page), 'Send').click();
  await until(async () => (await frame(page).locator('.said').count()) > 1, { what: 'an answer from the gateway' });
});

test("the machine's certificate is the CA's, and nobody else's", async () => {
  const { url } = await page.evaluate(async (path) => (await fetch(path)).json(), `/api/openclaw/deployments/${id}`);
  const { stdout } = await run('curl', ['-sS', '-m', '10', '--cacert', stack.env.MACHINE_CA_FILE, url]);
  assert.match(stdout, /OpenClaw Control/);
  await assert.rejects(run('curl', ['-sS', '-m', '10', url]), /certificate/);
  const answer = await (await page.context().newPage()).goto(url);
  assert.equal(answer.status(), 200);
  const { issuer, validTo } = await answer.securityDetails();
  assert.match(issuer, /sandbox/i);
  assert.ok(validTo * 1000 > Date.now());
});

test('restart says that it restarts, and then no more', async () => {
  await button(page, 'Restart').click();
  const note = page.getByText('OpenClaw is restarting.');
  await sees(note);
  await seesNoMore(note);
  await sees(button(page, 'Restart'));
  await sees(frame(page).getByText('connected', { exact: true }));
  await button(page, 'Activity').click();
  await seesText(page.getByRole('region', { name: 'Activity', exact: true }), 'OpenClaw was restarted');
  await button(page, 'Activity').click();
});

test('destroy asks first, and Cancel and Escape change nothing', async () => {
  await link(page, 'Dashboard').click();
  await button(card(page), 'Destroy').click();
  await seesText(dialog(page), 'lost for good');
  await look(page, 'dialog-destroy');
  await button(dialog(page), 'Cancel').click();
  await seesNoMore(dialog(page));
  await button(card(page), 'Destroy').click();
  await page.keyboard.press('Escape');
  await seesNoMore(dialog(page));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Destroy', 'the focus is back where it was');
  const { status } = await page.evaluate(async (path) => (await fetch(path)).json(), `/api/openclaw/deployments/${id}`);
  assert.equal(status, 'READY');
});

test('destroy ends on the invitation again', async () => {
  await button(card(page), 'Destroy').click();
  await button(dialog(page), 'Destroy').click();
  await sees(button(page, 'Deploy OpenClaw'));
  await page.goto(`/openclaw/${id}`);
  await seesText(page, 'Destroyed');
  await look(page, 'detail-destroyed');
  assert.deepEqual((await stack.sandbox.ledger()).keys, []);
});

test('the keyboard alone leads from sign-in to a deployment', async () => {
  await stack.sandbox.settings({ delivering: HELD });
  const { keyboard } = page;
  await button(page, 'Sign out').click();
  await page.goto('/sign-in');
  await until(() => page.evaluate(() => document.activeElement.name === 'email'), { what: 'the focus on the e-mail' });
  await keyboard.type(email);
  await keyboard.press('Tab');
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await sees(button(page, 'Deploy OpenClaw'));
  await tabTo(page, 'Skip to content');
  await keyboard.press('Enter');
  await tabTo(page, 'Deploy OpenClaw');
  await keyboard.press('Enter');
  await seesStep(page, 'Ordering VPS', 'in progress');
  await tabTo(page, 'Details');
  await keyboard.press('Enter');
  await sees(page.getByRole('region', { name: 'Setup log', exact: true }));
  await tabTo(page, 'Destroy');
  await keyboard.press('Enter');
  await sees(dialog(page));
  await tabTo(page, 'Destroy');
  await keyboard.press('Enter');
  await seesText(page, /Releasing|Destroy(ing|ed)/);
});

test('the pages complained about nothing', () => {
  // OpenClaw's own page notices that its gateway restarts.
  const restarted = /^error: WebSocket connection to 'wss:.* failed: /;
  assert.deepEqual(unexpected(complaints, restarted), []);
});
