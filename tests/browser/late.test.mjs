// What the dashboard shows while things take their time: a step that fails again and again, a deployment that is late, the
// moment after Retry, and a machine that is paid and being released.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from '../harness/stack.mjs';
import { Browser, unexpected } from './browser.mjs';
import { look } from './look.mjs';
import { button, card, dialog, frame, link, sees, seesStep, seesText, signUp } from './pages.mjs';

let stack, browser;

before(async () => {
  stack = await startStack({ settings: { 'ovh-orderer': { RELEASE_POLL_S: 1, DELIVERY_POLL_S: 0.5 } } });
  await stack.sandbox.settings({ checking: 0.1, delivering: 0.1, deliver_task: 0.1, ips: 0.1, rebuild: 0.1, setup: 0.5 });
  browser = await Browser.start(stack);
});
after(async () => {
  await browser?.close();
  await stack?.close();
});

/** A new person's only deployment, on its page. */
async function watched() {
  const person = await browser.person();
  await signUp(person.page);
  await button(person.page, 'Deploy OpenClaw').click();
  await link(card(person.page), /^(Details|Open)$/).click();
  await sees(person.page.getByRole('heading', { level: 1 }));
  return { ...person, id: new URL(person.page.url()).pathname.split('/').at(-1) };
}

/** As the whole deployment's deadline finds it, had the click been an hour ago. */
const clickedLongAgo = (id) => stack.psql(`update deployments set decided_at = decided_at - interval '1 hour' where id = '${id}'`);

test('a step that fails again and again says so, and the log why', async () => {
  await stack.sandbox.faults({ method: 'GET', path: '/api/v1/keys', kind: 'status', status: 500, times: 0 });
  const { page, context, complaints } = await watched();
  await seesText(page, 'Creating your OpenRouter key (the last try failed; trying again)');
  await seesText(page, /^OpenRouter said 500; trying again in \d+ s \(2 of 8\)$/);
  await look(page, 'detail-trying-again');
  await stack.sandbox.clearFaults();
  await sees(frame(page).getByRole('heading', { name: 'Your OpenClaw is running' }));
  assert.deepEqual(unexpected(complaints), []);
  await context.close();
});

test('a deployment that is late says what is awaited; Retry goes on from there; Destroy says until when it is paid', async () => {
  await stack.sandbox.settings({ rebuild: 600 });
  const { page, context, complaints, id } = await watched();
  await seesStep(page, 'Setting up server', 'in progress');
  await seesText(page, 'Installing the system with your SSH key');
  await clickedLongAgo(id);
  await seesText(page.getByRole('alert'), /^Not ready after 20 minutes; it was still: Installing the system with your SSH key\. We keep watching; a retry goes on from there\.$/);
  await seesStep(page, 'Ordering VPS', 'done');
  await seesStep(page, 'Setting up server', 'failed');
  await look(page, 'detail-late');
  await button(page, 'Retry').click();
  await seesStep(page, 'Setting up server', 'in progress');
  await seesStep(page, 'Ordering VPS', 'done');
  await look(page, 'detail-retried');
  await stack.sandbox.faults({ method: 'DELETE', path: '/api/v1/keys/*', kind: 'status', status: 503, times: 0 });
  await button(page, 'Destroy').click();
  await button(dialog(page), 'Destroy').click();
  await seesText(page, /^The server is paid until \d+ \w+ \d{4}; /);
  await look(page, 'detail-released');
  await stack.sandbox.clearFaults();
  await stack.sandbox.settings({ rebuild: 0.1 });
  await sees(link(page, 'Back to the dashboard'));
  await look(page, 'detail-destroyed-late');
  assert.deepEqual(unexpected(complaints), []);
  await context.close();
});
