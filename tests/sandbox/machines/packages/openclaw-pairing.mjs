// "openclaw devices list|approve|reject": who waits to be let in, as long as the gateway runs.

import { paired, pending, settle } from './openclaw-devices.mjs';

const [verb, id] = process.argv.slice(2);

function say(answer, status) {
  console.log(JSON.stringify(answer, null, 2));
  process.exitCode = status;
}

try {
  await fetch('http://127.0.0.1:18789/readyz', { signal: AbortSignal.timeout(5000) });
  const done = verb === 'list' ? { pending: pending(), paired: paired() } : settle(id, verb === 'approve');
  if (done) say(done, 0);
  else {
    console.error(`No pending device request matches ${id}. Run openclaw devices list and retry with the current request ID.`);
    process.exitCode = 1;
  }
} catch {
  say({ ok: false, error: { message: 'Gateway is not running.' } }, 1);
}
