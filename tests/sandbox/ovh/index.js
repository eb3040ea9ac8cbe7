// The OVH API: every noun's routes in one table, the gate in front, and OVH's manner of answering.

import { randomBytes } from 'node:crypto';
import { Routes } from '../routes.js';
import { uuid } from './account.js';
import auth from './auth.js';
import carts from './carts.js';
import checkout from './checkout.js';
import { gate } from './gate.js';
import iam from './iam.js';
import me from './me.js';
import orders from './orders.js';
import payment from './payment.js';
import { Refusal, badRequest, notFound, tooLarge } from './refusals.js';
import services from './services.js';
import stock from './stock.js';
import tasks from './tasks.js';
import vps from './vps.js';

const routes = new Routes([...auth, ...me, ...stock, ...carts, ...checkout, ...orders, ...payment, ...vps, ...tasks, ...services, ...iam]);

// /1.0/x and /v1/x are the same call; /v2/x is its own.
const route = (path) => (path.startsWith('/v2/') ? path : path.replace(/^\/(1\.0|v1)/, ''));

function parse(raw) {
  if (raw.length === 0) return {};
  try {
    const body = JSON.parse(raw.toString('utf8'));
    return body === null || (typeof body === 'object' && !Array.isArray(body)) ? body ?? {} : undefined;
  } catch {
    return undefined;
  }
}

function handle(call, ovh) {
  call.ruled = route(call.path);
  const found = routes.find(call.method, call.ruled);
  if (call.tooLarge) return tooLarge('Request entity too large');
  if (!found?.options.open) {
    const refused = gate(call, ovh);
    if (refused) return refused;
  }
  if (!found) return notFound('Got an invalid (or empty) URL');
  call.params = found.params;
  call.body = parse(call.raw);
  if (call.body === undefined) return badRequest('Invalid JSON received');
  return found.handler(call, ovh);
}

// Bare scalars, and null where there is nothing to say.
export function answerOvh(call, ovh) {
  const answer = handle(call, ovh);
  const refused = answer instanceof Refusal;
  return { status: refused ? answer.status : 200, headers: refused ? answer.headers : {}, body: JSON.stringify((refused ? answer.body : answer) ?? null) };
}

export const ovhHeaders = () => ({
  'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-cache, no-store',
  'x-ovh-queryid': `US.ext-3.${randomBytes(4).toString('hex')}.${process.pid}.${uuid()}`,
});
