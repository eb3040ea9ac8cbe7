// The server's time, and consumer keys: asked for by anybody with the application key, pending until a person agrees
// (POST /_/credentials of the sandbox stands for that person).

import { randomBytes } from 'node:crypto';
import { iso } from '../clock.js';
import { LIMITS, OWNER } from './account.js';
import { badRequest, forbidden, tooMany } from './refusals.js';

const time = (call, ovh) => Math.floor(ovh.clock.now() / 1000);

function ask(call, ovh) {
  if (call.headers['x-ovh-application'] !== ovh.credentials.appKey) return forbidden('This application key is invalid');
  const rules = call.body.accessRules;
  const fine = Array.isArray(rules) && rules.length > 0 && rules.length <= 100 &&
    rules.every((rule) => typeof rule?.method === 'string' && typeof rule?.path === 'string');
  if (!fine) return badRequest('Missing parameter(s): accessRules');
  if (ovh.consumers.size >= LIMITS.consumers) return tooMany();
  const consumerKey = randomBytes(16).toString('hex');
  ovh.consumers.set(consumerKey, { id: ovh.next.credential(), state: 'pendingValidation', rules, since: ovh.clock.now() });
  return {
    consumerKey, state: 'pendingValidation', validationUrl: `https://api.us.ovhcloud.com/auth/?credentialToken=${randomBytes(16).toString('hex')}`,
  };
}

const current = (call, ovh) => ({
  credentialId: call.credential.id, applicationId: 44321, status: call.credential.state, rules: call.credential.rules ?? ovh.settings.rules,
  allowedIPs: null, creation: iso(call.credential.since), expiration: null, lastUse: iso(ovh.clock.now()), ovhSupport: false,
});

const details = (call, ovh) => ({
  account: OWNER, allowedRoutes: call.credential.rules ?? ovh.settings.rules, description: 'sandbox', identities: [], method: 'account', roles: [], user: null,
});

function logout(call) {
  call.credential.state = 'expired';
  return undefined;
}

export default [
  ['GET', '/auth/time', time, { open: true }],
  ['POST', '/auth/credential', ask, { open: true }],
  ['GET', '/auth/currentCredential', current],
  ['GET', '/auth/details', details],
  ['POST', '/auth/logout', logout],
];
