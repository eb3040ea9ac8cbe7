// OpenClaw's own page, the Control UI, as a person uses it in a frame: a message is typed and sent, and an answer comes.

import { join } from 'node:path';

import { until } from '../sandbox/machines/client.js';
import { PICTURES } from './place.mjs';

const ANSWER = /Hello from the sandbox, answer (\d+)/;

export const controlUi = (page, frame = 'iframe') => {
  const inside = page.frameLocator(frame);
  return { page, input: inside.locator('textarea:visible').first(), inside };
};

/** Until it is connected: only then can one type. */
export const connected = ({ input }, timeout = 180000) => until('the chat can be typed into', () => input.isEnabled({ timeout: 1000 }).catch(() => false), timeout);

/**
 * Sends a message and waits until an answer to it can be read; `answered` tells how many answers the model has given so
 * far. The page may refuse what is typed at once ("Could not store this message"): it stays in the box, and is sent again.
 */
export async function chat({ input, inside }, words, answered, timeout = 600000) {
  const before = await answered();
  await input.fill(words);
  await until('the model answers', async () => {
    if (await answered() === before && await input.inputValue().catch(() => '')) await input.press('Enter');
    const texts = await inside.getByText(ANSWER).allTextContents().catch(() => []);
    return texts.some((text) => Number(ANSWER.exec(text)?.[1]) > before);
  }, timeout, 1000);
}

export const picture = (page, name) => page.screenshot({ path: join(PICTURES, `${name}.png`) });
