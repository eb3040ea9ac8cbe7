// Makes docs/dashboard.png, the picture of the README: an OpenClaw that is ready, opened, and before it
// the dashboard with another one under way. Run it with `node tests/browser/picture.mjs`.

import { join } from 'node:path';
import { ROOT, startStack } from '../harness/stack.mjs';
import { until } from '../harness/wait.mjs';
import { Browser } from './browser.mjs';
import { frame, PASSWORD, sees, seesStep, step } from './pages.mjs';

const SIZE = { width: 1280, height: 940 };
const DASHBOARD = { width: 900, height: 585 };
const DETAIL = { width: 1150, height: 780 };
const OUT = join(ROOT, 'docs/dashboard.png');
const QUICK = { checking: 0.1, delivering: 0.1, deliver_task: 0.1, ips: 0.1, rebuild: 0.1, boot: 0.1, setup: 0.5 };
const UNHURRIED = { checking: 1, delivering: 8, deliver_task: 1, rebuild: 10, setup: 60 };

/** Two pages in one picture, the dashboard before the machine's own page. */
const collage = (dashboard, detail) => `<!doctype html><style>
  body { margin: 0; height: ${SIZE.height}px; overflow: hidden; background: linear-gradient(135deg, #fdebe7, #e8ecf6); }
  img { position: absolute; border-radius: 12px; box-shadow: 0 1px 3px #0003, 0 24px 60px #1b1b1d40; }
  .behind { width: 920px; right: 36px; top: 36px; }
  .before { width: 720px; left: 36px; bottom: 36px; }
</style><img class="behind" src="${detail}"><img class="before" src="${dashboard}">`;

const asUrl = (png) => `data:image/png;base64,${png.toString('base64')}`;

async function picture(stack, browser) {
  const api = stack.api();
  const { email } = await api.signUp('you@example.com', PASSWORD);
  await stack.sandbox.settings(QUICK);
  const ready = await api.deploy({ name: 'Home assistant' });
  await api.waitStatus(ready.id, 'READY');
  await stack.sandbox.settings(UNHURRIED);
  await api.deploy({ name: 'Work assistant' });

  const { page, context } = await browser.person({ viewport: DASHBOARD, deviceScaleFactor: 1.5 });
  const [name, value] = api.cookie.split('=');
  await context.addCookies([{ name, value, url: stack.env.API_URL }]);
  await page.goto('/dashboard');
  await until(() => page.getByRole('article').count().then((n) => n === 2), { what: `both deployments of ${email}` });
  await seesStep(page, 'Installing OpenClaw', 'in progress');
  await until(async () => /0:0[3-9]/.test(await step(page, 'Installing OpenClaw').innerText()), { what: 'a step that has taken some seconds' });
  const dashboard = await page.screenshot();
  await page.setViewportSize(DETAIL);
  await page.goto(`/openclaw/${ready.id}`);
  await sees(frame(page).getByText('connected', { exact: true }));
  await until(() => frame(page).locator('#lamp').evaluate((lamp) => lamp.getAnimations().length === 0), { what: 'the lamp in its colour' });
  const detail = await page.screenshot();

  const flat = await browser.person({ viewport: SIZE });
  await flat.page.setContent(collage(asUrl(dashboard), asUrl(detail)), { waitUntil: 'load' });
  await flat.page.screenshot({ path: OUT });
}

const stack = await startStack();
let browser;
try {
  browser = await Browser.start(stack);
  await picture(stack, browser);
  console.log(`made ${OUT}`);
} finally {
  await browser?.close();
  await stack.close();
}
