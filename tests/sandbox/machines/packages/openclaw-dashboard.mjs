// "openclaw dashboard --json": a link for one browser, as long as the gateway runs.

import { makeLink } from './openclaw-devices.mjs';

const GATEWAY = '127.0.0.1:18789';

function say(answer, status) {
  console.log(JSON.stringify(answer, null, 2));
  process.exitCode = status;
}

try {
  await fetch(`http://${GATEWAY}/readyz`, { signal: AbortSignal.timeout(5000) });
  const { token, expiresAt } = makeLink();
  const fragment = new URLSearchParams({ bootstrapToken: token, bootstrapProfile: 'owner', gatewayUrl: `ws://${GATEWAY}` });
  say({ ok: true, url: `http://${GATEWAY}/`, port: 18789, browserUrl: `http://${GATEWAY}/#${fragment}`, browserBootstrapExpiresAtMs: expiresAt }, 0);
} catch {
  say({ ok: false, reason: 'Gateway is not running.' }, 1);
}
