// What the dashboard shows when things do not go well: a wrong password, somebody else's deployment,
// an address that leads nowhere, and a deployment that fails and is retried.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';
import { answered, Browser, unexpected } from './browser.mjs';
import { look } from './look.mjs';
import { button, card, fillSignIn, fillSignUp, frame, link, newEmail, sees, seesStep, seesText, signUp } from './pages.mjs';

let stack, browser;

before(async () => {
  stack = await startStack({ settings: { 'ovh-orderer': { STOCK_LIMIT_S: 2, STOCK_POLL_S: 1, RELEASE_POLL_S: 1 } } });
  await stack.sandbox.settings({ checking: 0.1, delivering: 0.1, deliver_task: 0.1, ips: 0.1, rebuild: 0.1, setup: 0.5 });
  browser = await Browser.start(stack);
});
after(async () => {
  await browser?.close();
  await stack?.close();
});

test('a wrong password is told, and what was typed stays', async () => {
  const { page, context, complaints } = await browser.person();
  const email = await signUp(page);
  await button(page, 'Sign out').click();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  await fillSignIn(page, email, 'not the password');
  await sees(page.getByRole('alert'));
  assert.match(await page.getByRole('alert').innerText(), /password/i);
  assert.equal(await page.getByLabel('Email').inputValue(), email);
  await look(page, 'sign-in-refused');
  await page.getByLabel('Password').fill('a long password');
  await button(page, 'Sign in').click();
  await sees(button(page, 'Deploy OpenClaw'));
  assert.deepEqual(unexpected(complaints, answered(401, '/api/auth/sign-in')), []);
  await context.close();
});

test('an e-mail that has an account already is told', async () => {
  const { page, context } = await browser.person();
  const email = await signUp(page);
  await button(page, 'Sign out').click();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  await fillSignUp(page, email);
  await sees(page.getByRole('alert'));
  assert.equal(new URL(page.url()).pathname, '/sign-up');
  await context.close();
});

test("somebody else's deployment and a made-up address are not found", async () => {
  const owner = stack.api();
  await owner.signUp();
  const { id } = await owner.deploy();
  const { page, context, complaints } = await browser.person();
  await signUp(page);
  await page.goto(`/openclaw/${id}`);
  await sees(page.getByRole('heading', { name: 'No such OpenClaw' }));
  await look(page, 'detail-not-found');
  await page.goto('/no/such/page');
  await sees(page.getByRole('heading', { name: 'Page not found' }));
  await look(page, 'not-found');
  await link(page, 'Go to the dashboard').click();
  await sees(button(page, 'Deploy OpenClaw'));
  const ours = answered(404, `/api/openclaw/deployments/${id}(/\\w+)?`);
  assert.deepEqual(unexpected(complaints, ours), []);
  await owner.destroy(id);
  await context.close();
});

test('a session that has ended leads to sign-in, and from there back to where one was', async () => {
  const { page, context } = await browser.person();
  const email = await signUp(page);
  await button(page, 'Deploy OpenClaw').click();
  await link(card(page), /^(Details|Open)$/).click();
  await sees(page.getByRole('heading', { level: 1 }));
  const { pathname } = new URL(page.url());
  await stack.psql(`delete from sessions where user_id = (select id from users where email = '${email}')`);
  await seesText(page, 'Your session has ended.');
  await look(page, 'sign-in-session-ended');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill('a long password');
  await button(page, 'Sign in').click();
  await page.waitForURL((url) => url.pathname === pathname);
  await sees(frame(page).getByRole('heading', { name: 'Your OpenClaw is running' }));
  await context.close();
});

test('a deployment that fails says why, and Retry brings it to READY', async () => {
  const { page, context, complaints } = await browser.person();
  await stack.sandbox.settings({ out_of_stock: true });
  await signUp(page);
  await button(page, 'Deploy OpenClaw').click();
  await sees(button(card(page), 'Retry'));
  await seesStep(page, 'Ordering VPS', 'failed');
  assert.match(await card(page).getByRole('alert').innerText(), /stock/i);
  await look(page, 'dashboard-error');
  await link(card(page), 'Details').click();
  await sees(page.getByRole('alert'));
  await look(page, 'detail-error');
  await stack.sandbox.settings({ out_of_stock: false });
  await button(page, 'Retry').click();
  await sees(frame(page).getByRole('heading', { name: 'Your OpenClaw is running' }));
  assert.deepEqual(unexpected(complaints), []);
  await context.close();
});
