// The dashboard's pages in a person's words: where things are and what one does there.

import { randomUUID } from 'node:crypto';

export const PASSWORD = 'a long password';
export const newEmail = () => `u-${randomUUID().slice(0, 8)}@example.com`;

export const button = (scope, name) => scope.getByRole('button', { name, exact: true });
export const link = (scope, name) => scope.getByRole('link', { name, exact: true });
export const card = (page) => page.getByRole('article');
export const dialog = (page) => page.getByRole('dialog');
export const step = (scope, title) => scope.getByRole('list', { name: 'Progress' }).getByRole('listitem').filter({ hasText: title });
export const frame = (page) => page.frameLocator('iframe[title="OpenClaw"]');

/** Sees it within the context's deadline. */
export const sees = (locator) => locator.waitFor({ state: 'visible' });
export const seesNoMore = (locator) => locator.waitFor({ state: 'hidden' });
export const seesText = (scope, text) => sees(scope.getByText(text).first());

async function enter(page, path, submit, email, password) {
  await page.goto(path);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await button(page, submit).click();
}

export const fillSignUp = (page, email, password = PASSWORD) => enter(page, '/sign-up', 'Create account', email, password);
export const fillSignIn = (page, email, password = PASSWORD) => enter(page, '/sign-in', 'Sign in', email, password);

/** A new account, on the empty dashboard. */
export async function signUp(page, email = newEmail()) {
  await fillSignUp(page, email);
  await sees(button(page, 'Deploy OpenClaw'));
  return email;
}

/** The step of that title shows as done, in progress, failed... as its spoken words say. */
export const seesStep = (page, title, state) => sees(step(page, title).filter({ hasText: `(${state})` }));

/** Presses Tab until the thing of that name has the focus; each thing on the way must show that it has it. */
export async function tabTo(page, name) {
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return { name: document.activeElement.textContent.trim(), shown: outlineStyle !== 'none' && outlineWidth !== '0px' };
    });
    if (!focus.shown && focus.name !== '') throw new Error(`the focus on '${focus.name}' cannot be seen`);
    if (focus.name === name) return;
  }
  throw new Error(`Tab does not lead to '${name}'`);
}
