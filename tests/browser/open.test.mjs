// Getting into an OpenClaw: by a link made for this browser, which works once and is seen nowhere, in the frame, again
// after a reload or on request, and in a tab of its own; and where OpenClaw makes none, by being approved. The tests are one
// story about one machine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter } from '../harness/openclaw.mjs';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { forgetKeys } from '../integration/hostile/machine.mjs';
import { back, pretend, world } from '../integration/open/world.mjs';
import { answered, Browser, unexpected } from './browser.mjs';
import { look } from './look.mjs';
import { button, card, dialog, frame, link, sees, seesNoMore, seesText, signUp } from './pages.mjs';

const OPEN = '**/api/openclaw/deployments/*/open';
const APPROVE = '**/api/openclaw/deployments/*/open/approve';

let stack, browser, context, page, complaints, id;
const said = []; // whatever any page wrote to its console
const links = []; // every link the API handed out, in order

const isOpen = (url) => /\/deployments\/[^/]+\/open$/.test(new URL(url).pathname);
const secretsOf = (url) => [...new URLSearchParams(new URL(url).hash.slice(1))].filter(([name]) => /token/i.test(name)).map(([, value]) => value);
const shown = () => page.locator('iframe[title="OpenClaw"]').getAttribute('src');
const connected = (scope) => sees(scope.getByText('connected', { exact: true }));
const refuse = (status, detail) => (route) => route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Refused', status, detail }) });

/** Then the pointer is nowhere: a button that moves under it would have another link made. */
async function reconnect() {
  await button(page, 'Reconnect').click();
  await page.mouse.move(0, 0);
}

/** The frame shows the newest of so many links, and its page is connected. */
async function opened(count) {
  await until(async () => links.length === count && (await shown()) === links.at(-1).url, { what: `link ${count} in the frame` });
  await connected(frame(page));
}

before(async () => {
  stack = await startStack({ settings: { 'ovh-orderer': { RELEASE_POLL_S: 1 } } });
  await stack.sandbox.settings({ checking: 0.1, delivering: 0.1, deliver_task: 0.1, ips: 0.1, rebuild: 0.1, setup: 0.5 });
  browser = await Browser.start(stack);
  ({ context, page, complaints } = await browser.person());
  context.on('console', (message) => said.push(message.text()));
  context.on('response', async (response) => {
    if (isOpen(response.url()) && response.ok()) links.push({ headers: response.headers(), ...(await response.json()) });
  });
  await signUp(page);
  await button(page, 'Deploy OpenClaw').click();
  await sees(link(card(page), 'Open'));
  const { deployments } = await page.evaluate(async () => (await fetch('/api/openclaw/deployments')).json());
  id = deployments[0].id;
  Object.assign(world, { stack, id }); // for a hand on the machine
});
after(async () => {
  await forgetKeys();
  await browser?.close();
  await stack?.close();
});

test('seeing the card has one link made, and Open uses it', async () => {
  await until(() => links.length === 1, { what: 'the link made ahead' });
  await card(page).hover();
  await page.mouse.move(0, 0);
  await card(page).hover();
  await link(card(page), 'Open').click();
  await opened(1);
  assert.equal(new URL(page.url()).pathname, `/openclaw/${id}`);
  await look(page, 'detail-open');
});

test('the link is for this machine, for ten minutes at most, and for no cache', async () => {
  const [{ url, expiresAt, headers }] = links;
  const { url: machine } = await page.evaluate(async (path) => (await fetch(path)).json(), `/api/openclaw/deployments/${id}`);
  assert.equal(new URL(url).origin, new URL(machine).origin);
  assert.equal(new URL(url).search, '');
  assert.ok(secretsOf(url).length > 0);
  assert.ok(Date.parse(expiresAt) <= Date.now() + 11 * 60_000);
  assert.match(headers['cache-control'], /no-store/);
});

test('a reload, Reconnect and coming back each get a link of their own', async () => {
  await page.reload();
  await opened(2);
  const before = await page.evaluate(() => history.length);
  await button(page, 'Reconnect').click();
  await opened(3);
  assert.equal(await page.evaluate(() => history.length), before, 'Back leads to no used link');
  await link(page, 'Dashboard').click();
  await link(card(page), 'Open').focus();
  await page.keyboard.press('Enter');
  await opened(4);
  assert.equal(new Set(links.map(({ url }) => url)).size, 4);
});

test('a new tab gets a link of its own and can not reach back', async () => {
  const [tab] = await Promise.all([context.waitForEvent('page'), button(page, 'Open in new tab').click()]);
  await connected(tab);
  assert.equal(await tab.evaluate(() => window.opener), null);
  assert.equal(await tab.evaluate(() => document.referrer), '');
  assert.equal(links.length, 5);
  assert.equal(await shown(), links[3].url, 'the frame is as it was');
  await tab.close();
});

test('coming near Reconnect has its link made', async () => {
  await page.mouse.move(0, 0);
  await button(page, 'Reconnect').hover();
  await until(() => links.length === 6, { what: 'the link made ahead' });
  assert.equal(await shown(), links[3].url, 'the frame is as it was');
  await button(page, 'Reconnect').click();
  await opened(6);
});

test('a tab for which there is no link closes again, and the page says why', async () => {
  await page.route(OPEN, refuse(503, 'Too many are opening theirs at the moment.'));
  await button(page, 'Open in new tab').click();
  await seesText(page.getByRole('alert'), 'Too many are opening theirs at the moment.');
  await until(() => context.pages().length === 1, { what: 'the tab closed' });
  await look(page, 'detail-tab-refused');
  await page.unroute(OPEN);
});

test('a frame for which there is no link says why, and Try again opens it', async () => {
  await page.route(OPEN, refuse(502, 'The machine does not answer.'));
  await page.reload();
  await seesText(page.getByRole('alert'), 'The machine does not answer.');
  assert.equal(await page.locator('iframe').count(), 0);
  await look(page, 'detail-open-refused');
  await page.unroute(OPEN);
  await button(page, 'Try again').click();
  await opened(7);
});

test('while it waits it says so, and after some seconds why', async () => {
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route(OPEN, (route) => held.then(() => route.fallback()));
  await page.reload();
  await seesText(page, 'Opening OpenClaw');
  await seesText(page, 'your OpenClaw makes a key for this browser');
  await look(page, 'detail-opening');
  go();
  await opened(8);
  await page.unroute(OPEN);
});

test('where OpenClaw makes no link, this browser is approved: in the frame, and in a tab', async () => {
  await pretend('case "$1" in dashboard) exit 139 ;; esac\nexec $REAL "$@"');
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route(APPROVE, (route) => held.then(() => route.fallback()));
  await reconnect();
  await until(async () => links.length === 9 && (await shown()) === links.at(-1).url, { what: 'the link in the frame' });
  assert.equal(links.at(-1).approval, true);
  await sees(frame(page).getByText('Approve this browser'));
  await seesText(page, 'Letting this browser in');
  await look(page, 'detail-approving');
  go();
  await opened(9);
  await seesNoMore(page.getByText('Letting this browser in'));
  await look(page, 'detail-approved');
  await page.unroute(APPROVE);

  const [tab] = await Promise.all([context.waitForEvent('page'), button(page, 'Open in new tab').click()]);
  await connected(tab);
  assert.equal(links.length, 10);
  await page.mouse.move(0, 0);
  await seesNoMore(page.getByText('Letting the new tab in'));
  assert.equal(await page.getByRole('alert').count(), 0, 'a tab that OpenClaw knows already needs no approval');
  await tab.close();
});

test('while another waits it is not approved; the page says why, and Reconnect lets it in', async () => {
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route(APPROVE, (route) => held.then(() => route.fallback()));
  await reconnect();
  await until(() => links.length === 11, { what: 'the link' });
  await sees(frame(page).getByText('Approve this browser'));
  assert.equal(await enter(links.at(-1).url, stack.env.MACHINE_CA_FILE), 'PAIRING_REQUIRED');
  go();
  await seesText(page.getByRole('alert'), 'More than one browser waits to be let in');
  await sees(frame(page).getByText('Approve this browser'));
  await look(page, 'detail-not-approved');
  await page.unroute(APPROVE);
  await reconnect();
  await opened(12);
  await seesNoMore(page.getByRole('alert'));
  await back();
});

test('the menu works with the keyboard, and Reinstall asks first', async () => {
  await button(page, 'More').focus();
  await page.keyboard.press('ArrowUp');
  const reinstall = page.getByRole('menuitem', { name: 'Reinstall' });
  await until(() => reinstall.evaluate((item) => item === document.activeElement), { what: 'the focus on Reinstall' });
  await look(page, 'detail-menu');
  await page.keyboard.press('Enter');
  await seesText(dialog(page), 'is erased for good');
  await look(page, 'dialog-reinstall');
  await page.keyboard.press('Escape');
  await seesNoMore(dialog(page));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'More', 'the focus is back at the menu');
  const { status } = await page.evaluate(async (path) => (await fetch(path)).json(), `/api/openclaw/deployments/${id}`);
  assert.equal(status, 'READY');
});

test('what opens an OpenClaw is kept nowhere and told to nobody', async () => {
  const kept = await page.evaluate(() =>
    JSON.stringify([
      location.href,
      navigation.entries().map(({ url }) => url),
      history.state,
      document.cookie,
      document.referrer,
      document.title,
      { ...localStorage },
      { ...sessionStorage },
    ]),
  );
  const databases = await page.evaluate(async () => (await indexedDB.databases()).length + (await caches.keys()).length);
  assert.equal(databases, 0);
  for (const secret of links.flatMap(({ url }) => secretsOf(url))) {
    assert.ok(!kept.includes(secret), 'in the page');
    assert.ok(!said.some((text) => text.includes(secret)), 'in the console');
  }
  // Nobody stays who has left, and nothing of theirs.
  await button(page, 'Sign out').click();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  assert.equal(await page.locator('iframe').count(), 0);
});

test('the pages complained about nothing', () => {
  assert.deepEqual(unexpected(complaints, answered(502, '/open'), answered(503, '/open'), answered(409, '/open/approve')), []);
});
