// Looking at a page: a picture of it as wide as a desk and as a phone, and axe's verdict on each, in
// light and dark. The pictures are for people; they stay in RUN_DIR/test/screenshots.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { ROOT } from '../harness/stack.mjs';
import { DESKTOP } from './browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = join(resolve(process.env.RUN_DIR ?? join(ROOT, '.run')), 'test/screenshots');
const LOOKS = [
  { suffix: '390', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { suffix: '1280-dark', viewport: DESKTOP, colorScheme: 'dark' },
  { suffix: '1280', viewport: DESKTOP, colorScheme: 'light' },
];

/** The serious and critical violations, one line each. The machine's own page in the frame is not ours to judge. */
async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { iframes: false, resultTypes: ['violations'] }));
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html, any }) => `${html.slice(0, 200)} ${any[0]?.message ?? ''}`).join(' | ')}`);
}

/** The new size and colours are on the screen, not only asked for. */
const painted = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const sidewaysScroll = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Pictures and verdicts of the page as it is; afterwards it has its former size and colours again. */
export async function look(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  for (const { suffix, viewport, colorScheme } of LOOKS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await painted(page);
    await page.screenshot({ path: join(SHOTS, `${name}-${suffix}.png`), fullPage: true });
    assert.deepEqual(await violations(page), [], `axe on ${name} at ${suffix}`);
    assert.ok((await sidewaysScroll(page)) <= 0, `${name} at ${suffix} scrolls sideways`);
  }
}
