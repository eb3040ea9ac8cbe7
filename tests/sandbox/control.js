// The sandbox's own calls under /_/: for tests, scripts and people; not part of the world it stands for.

import { ledger } from './ledger.js';
import { spend } from './openrouter/usage.js';
import { change } from './settings.js';

const bad = (error) => ({ status: 400, body: { error } });
const ok = (body = { ok: true }) => ({ status: 200, body });

function journal(call, world) {
  const after = call.query.get('after') ?? '0';
  return /^\d{1,12}$/.test(after) ? ok(world.journal.after(Number(after))) : bad('after is a number');
}

function changeSettings(call, world) {
  const wrong = change(world.settings, call.json);
  return wrong ? bad(wrong) : ok(world.settings);
}

function addFaults(call, world) {
  const wrong = world.faults.add(call.json);
  return wrong ? bad(wrong) : ok(world.faults.show());
}

// {"consumerKey","state"}: the person at the validation page.
function credential(call, world) {
  const found = world.ovh.consumers.get(call.json?.consumerKey);
  if (!found) return { status: 404, body: { error: 'no such consumer key' } };
  if (!['validated', 'refused', 'expired', 'pendingValidation'].includes(call.json.state)) return bad('state is validated, refused, expired or pendingValidation');
  found.state = call.json.state;
  return ok();
}

// {"hash","usd"}: spends money with a key.
function usage(call, world) {
  const key = world.router.keys.get(call.json?.hash);
  if (!key) return { status: 404, body: { error: 'no such key' } };
  if (!(Number(call.json.usd) >= 0)) return bad('usd is an amount');
  spend(key, Number(call.json.usd), world.clock.now());
  return ok();
}

async function reset(call, world) {
  await world.reset();
  return ok();
}

function clearFaults(call, world) {
  world.faults.clear();
  return ok();
}

const ROUTES = {
  'GET /_/healthz': () => ok(),
  'GET /_/ledger': (call, world) => ok(ledger(world)),
  'GET /_/journal': journal,
  'GET /_/settings': (call, world) => ok(world.settings),
  'POST /_/settings': changeSettings,
  'GET /_/faults': (call, world) => ok(world.faults.show()),
  'POST /_/faults': addFaults,
  'DELETE /_/faults': clearFaults,
  'GET /_/mails': (call, world) => ok(world.ovh.mails),
  'POST /_/credentials': credential,
  'POST /_/usage': usage,
  'POST /_/reset': reset,
};

export async function answerControl(call, world) {
  const handler = ROUTES[`${call.method} ${call.path}`];
  let answer = { status: 404, body: { error: `the sandbox has ${Object.keys(ROUTES).join(', ')}` } };
  if (call.tooLarge) answer = { status: 413, body: { error: 'too large' } };
  else if (handler) {
    try {
      call.json = call.raw.length ? JSON.parse(call.raw.toString('utf8')) : undefined;
    } catch {
      return { status: 400, headers: {}, body: '{"error":"not JSON"}' };
    }
    answer = await handler(call, world);
  }
  return { status: answer.status, headers: {}, body: JSON.stringify(answer.body) };
}
