// The OpenRouter API: its routes, who may call them, and its manner of answering.

import { createHash, randomUUID } from 'node:crypto';
import { Rate } from '../rate.js';
import { Routes } from '../routes.js';
import chat from './chat.js';
import keys from './keys.js';
import { refuse } from './refusals.js';

const routes = new Routes([...keys, ...chat]);

export const openRouter = ({ settings, clock, credentials }) => ({
  settings, clock, credentials, keys: new Map(), rate: new Rate(), workspace: randomUUID(), user: 'user_2dHFtVWx2n56w6HkM0000000000',
});

// null, or the refusal; call.key is the issued key that calls, if it is one.
function gate(call, router, options) {
  const header = call.headers.authorization ?? '';
  const bearer = /^Bearer (.+)$/.exec(header)?.[1];
  if (!bearer) return refuse(401);
  if (router.settings.rate_limit_at !== 'ovh' && router.rate.exceeded(bearer, router.settings)) {
    return refuse(429, undefined, {
      'retry-after': '2', 'x-ratelimit-limit': String(router.settings.rate_limit), 'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(router.clock.now() + 2000),
    });
  }
  if (bearer === router.credentials.openrouterKey) return null;
  const key = router.keys.get(createHash('sha256').update(bearer).digest('hex'));
  const dead = !key || key.disabled || (key.expires_at !== null && Date.parse(key.expires_at) <= router.clock.now());
  if (dead) return refuse(401, 'User not found.');
  call.key = key;
  return options.anyKey ? null : refuse(options.plainKeyStatus ?? 401, 'Only management keys can perform this operation');
}

function parse(raw) {
  if (raw.length === 0) return {};
  try {
    const body = JSON.parse(raw.toString('utf8'));
    return body !== null && typeof body === 'object' && !Array.isArray(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function handle(call, router) {
  if (call.tooLarge) return refuse(413);
  const found = routes.find(call.method, call.path.slice('/api/v1'.length));
  const refused = gate(call, router, found?.options ?? {});
  if (refused) return refused;
  if (!found) return refuse(404);
  call.params = found.params;
  call.body = parse(call.raw);
  return call.body === undefined ? refuse(400) : found.handler(call, router);
}

export function answerOpenRouter(call, router) {
  const { status = 200, headers = {}, body, text } = handle(call, router);
  return { status, headers, body: text ?? JSON.stringify(body) };
}
