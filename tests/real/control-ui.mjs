// OpenClaw's own page, the Control UI, as a person uses it in a frame: a message is typed and sent, and an answer comes.

import { join } from 'node:path';

import { until } from '../sandbox/machines/client.js';
import { PICTURES } from './place.mjs';

const ANSWER = /Hello from the sandbox/;
const LOOK_MS = 5000;

export const controlUi = (page, frame = 'iframe') => {
  const inside = page.frameLocator(frame);
  return { page, input: inside.locator('textarea:visible').first(), answers: inside.getByText(ANSWER), inside };
};

/** Until it is connected: only then can one type. */
export const connected = ({ input }, timeout = 180000) => until('the chat can be typed into', () => input.isEnabled({ timeout: 1000 }).catch(() => false), timeout);

/**
 * Sends a message and waits for one answer more than there is. The page may refuse what is typed at once ("Could not
 * store this message"): it stays in the box, and is sent again.
 */
export async function chat({ input, answers }, words, timeout = 300000) {
  const before = await answers.count();
  await input.fill(words);
  await until('the model answers', async () => {
    if (await input.inputValue().catch(() => '')) await input.press('Enter');
    return answers.nth(before).waitFor({ timeout: LOOK_MS }).then(() => true, () => false);
  }, timeout);
}

export const picture = (page, name) => page.screenshot({ path: join(PICTURES, `${name}.png`) });
