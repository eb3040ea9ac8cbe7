// Who may pass: the checks of a signed call in OVH's order. Application key, time, signature over exactly the bytes that
// were sent, consumer key, its rules, its budget of requests.

import { createHash, timingSafeEqual } from 'node:crypto';
import { coded, forbidden, tooMany, unauthorized } from './refusals.js';

export function sign({ secret, consumer, method, url, body, timestamp }) {
  const hash = createHash('sha1').update(`${secret}+${consumer}+${method}+${url}+`).update(body).update(`+${timestamp}`);
  return '$1$' + hash.digest('hex');
}

const equal = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

// A rule's "*" is any suffix; in the middle, any text.
function covers(rule, method, path) {
  if (rule.method !== method) return false;
  const escaped = rule.path.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`).test(path);
}

// null, or the refusal.
export function gate(call, ovh) {
  const key = call.headers['x-ovh-application'];
  if (!key) return unauthorized('You must login first');
  if (key !== ovh.credentials.appKey) return forbidden('This application key is invalid');
  const consumer = call.headers['x-ovh-consumer'];
  const timestamp = call.headers['x-ovh-timestamp'];
  const signature = call.headers['x-ovh-signature'];
  if (!consumer || !timestamp || !signature) return unauthorized('You must login first');

  const skew = Math.abs(Number(timestamp) - ovh.clock.now() / 1000);
  if (!(skew <= ovh.settings.clock_skew_limit + 1)) return coded(400, 'Bad Request', 'QUERY_TIME_OUT', 'Query out of time');

  const url = `${call.scheme}://${call.headers.host}${call.target}`;
  const right = sign({ secret: ovh.credentials.appSecret, consumer, method: call.method, url, body: call.raw, timestamp });
  if (!equal(String(signature), right)) return coded(400, 'Bad Request', 'INVALID_SIGNATURE', 'Invalid signature');

  const credential = ovh.consumers.get(consumer);
  if (!credential || credential.state !== 'validated') return coded(403, 'Forbidden', 'INVALID_CREDENTIAL', 'This credential is not valid');
  const rules = credential.rules ?? ovh.settings.rules;
  if (!rules.some((rule) => covers(rule, call.method, call.ruled))) return forbidden('This call has not been granted');
  if (ovh.settings.rate_limit_at !== 'openrouter' && ovh.rate.exceeded(consumer, ovh.settings)) return tooMany();
  call.credential = credential;
  return null;
}
