// What the page of a ready OpenClaw shows while it is upgraded and restarted, and when that does not work. The tests are one
// story about one machine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { answered, Browser, unexpected } from './browser.mjs';
import { look } from './look.mjs';
import { button, card, dialog, frame, link, sees, seesNoMore, seesText, signUp } from './pages.mjs';

const OLD = '2026.9.6';
const NEW = '2026.9.7';

let stack, browser, page, complaints;
const item = (name) => page.getByRole('menuitem', { name, exact: true });
const isOff = async (locator) => assert.equal(await locator.getAttribute('aria-disabled'), 'true');
const isUsable = () => sees(frame(page).getByText('connected', { exact: true }));

before(async () => {
  stack = await startStack({ settings: { installer: { OPENCLAW_VERSION: OLD }, 'api-gateway': { OPENCLAW_VERSION: NEW } } });
  await stack.sandbox.settings({ checking: 0.1, delivering: 0.1, deliver_task: 0.1, ips: 0.1, rebuild: 0.1, setup: 0.5 });
  browser = await Browser.start(stack);
  ({ page, complaints } = await browser.person());
  await signUp(page);
  await button(page, 'Deploy OpenClaw').click();
  await link(card(page), 'Open').click();
  await isUsable();
});
after(async () => {
  await browser?.close();
  await stack?.close();
});

test('the newer version is offered, and the dialog says what happens', async () => {
  await seesText(page, `(${NEW} is available)`);
  await button(page, 'More (an upgrade is available)').click();
  await item(`Upgrade to ${NEW}`).click();
  await seesText(dialog(page), 'A backup is made first.');
  await look(page, 'dialog-upgrade');
  await button(dialog(page), 'Cancel').click();
  await seesNoMore(dialog(page));
});

test('while it is upgraded the menu shows that, and neither it nor a restart can be asked for; after a reload, too', async () => {
  await stack.sandbox.settings({ setup: 600 });
  await button(page, 'More (an upgrade is available)').click();
  await item(`Upgrade to ${NEW}`).click();
  await button(dialog(page), 'Upgrade').click();
  for (const again of [false, true]) {
    if (again) await page.reload();
    await seesText(page, /^OpenClaw is being upgraded\. ./);
    await until(() => button(page, 'Restart').isDisabled(), { what: 'Restart is off' });
    await button(page, 'More').click();
    await isOff(item(`Upgrading to ${NEW}`));
    assert.equal(await item('Reinstall').getAttribute('aria-disabled'), null);
    if (!again) await look(page, 'detail-upgrading');
    await page.keyboard.press('Escape');
  }
});

test('and then no more: the new version is there, and usable', async () => {
  await stack.sandbox.settings({ setup: 0.5 });
  await seesNoMore(page.getByText(/^OpenClaw is being upgraded\. /));
  await sees(page.getByText(`OpenClaw ${NEW}`, { exact: true }));
  await isUsable();
  await button(page, 'More').click();
  await sees(item('Reinstall'));
  assert.equal(await page.getByRole('menuitem').count(), 1);
  await page.keyboard.press('Escape');
  await until(() => button(page, 'Restart').isEnabled(), { what: 'Restart is on' });
});

test('a restart shows until it has ended', async () => {
  await button(page, 'Restart').click();
  await seesText(page, 'OpenClaw is restarting.');
  await sees(button(page, 'Restart'));
  await seesNoMore(page.getByText('OpenClaw is restarting.'));
  await isUsable();
});

test('one that does not work says why, and can be asked for again', async () => {
  await stack.psql("delete from secrets where name = 'ssh_private_key'");
  for (let i = 0; i < 2; i++) {
    await button(page, 'Restart').click();
    await seesText(page, /^The restart did not work: .*key to the machine was lost/);
    await until(() => button(page, 'Restart').isEnabled(), { what: 'it has ended' });
  }
  await button(page, 'Activity').click();
  await seesText(page.getByRole('region', { name: 'Activity', exact: true }), 'instance.change-failed');
  await look(page, 'detail-restart-failed');
});

test('the pages complained about nothing', () => {
  const away = /^error: WebSocket connection to 'wss:.* failed: |Failed to load resource/;
  assert.deepEqual(unexpected(complaints, away, answered(502, '/open')), []);
});
