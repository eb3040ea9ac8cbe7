// A real Chromium that trusts a run's sandbox CA as a person's trusts the world's: by its certificate
// store, in a home directory of its own that goes with it. What a page complains about is kept.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { run } from '../harness/command.mjs';
import { makeFolder } from '../harness/folder.mjs';

export const DESKTOP = { width: 1280, height: 800 };
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

// Where Inter is installed, pictures show it: as people's own systems do, it looks better than Debian's first choice.
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <match target="pattern"><test name="family"><string>system-ui</string></test><edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
  <match target="pattern"><test name="family"><string>ui-sans-serif</string></test><edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
</fontconfig>
`;

async function makeHome(caFile) {
  const home = makeFolder('browser');
  const store = `sql:${join(home, '.pki/nssdb')}`;
  mkdirSync(join(home, '.pki/nssdb'), { recursive: true });
  writeFileSync(join(home, 'fonts.conf'), FONTS);
  await run('certutil', ['-N', '-d', store, '--empty-password']);
  await run('certutil', ['-A', '-d', store, '-t', 'C,,', '-n', 'sandbox', '-i', caFile]);
  return home;
}

/** Everything the page says is wrong: errors, warnings of the policy, exceptions, answers that are failures. */
function listen(page) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && !/content security policy/i.test(message.text())) return;
    // The URL tells which answer it was; the text does not.
    complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  return complaints;
}

export class Browser {
  static async start(stack) {
    if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}; run deploy/bootstrap test, or set CHROMIUM`);
    const browser = new Browser();
    browser.home = await makeHome(stack.env.MACHINE_CA_FILE);
    browser.base = stack.env.API_URL;
    const env = { ...process.env, HOME: browser.home, FONTCONFIG_FILE: join(browser.home, 'fonts.conf') };
    browser.chromium = await chromium.launch({ executablePath: CHROMIUM, args: QUIET, env, timeout: 30000 });
    return browser;
  }

  /** A new person: cookies, storage and complaints of their own. What one waits for has 30 s. */
  async person(options = {}) {
    const context = await this.chromium.newContext({ baseURL: this.base, viewport: DESKTOP, locale: 'en-GB', ...options });
    context.setDefaultTimeout(30000);
    // Also what only a report would tell.
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`Content Security Policy: ${event.effectiveDirective} refuses ${event.blockedURI || 'inline'}`);
      });
    });
    const page = await context.newPage();
    return { context, page, complaints: listen(page) };
  }

  async close() {
    await this.chromium?.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The browser itself notes every answer that is a failure; this is the note on one that the test asked for. */
export const answered = (status, path) => new RegExp(`status of ${status} .*${path}\\)$`);

/** The complaints that match none of the expected. Who signs in was nobody before, which /me says with a 401. */
export function unexpected(complaints, ...expected) {
  const all = [answered(401, '/api/auth/me'), ...expected];
  return complaints.filter((complaint) => !all.some((one) => one.test(complaint)));
}
