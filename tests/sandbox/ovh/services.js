// The contract behind a VPS: renewal, end at the next date, termination by mailed token, and what happens at the date.

import { randomBytes } from 'node:crypto';
import { day, iso, monthLater } from '../clock.js';
import { LIMITS, OWNER } from './account.js';
import { billFor } from './bills.js';
import { badRequest, expired, forbidden, noService, wrongField } from './refusals.js';
import { dropServer } from './servers.js';

// At its date a service that renews itself gets a bill and another month; any other is gone.
export function settleServices(ovh) {
  const now = ovh.clock.now();
  if (now < ovh.nextExpiration) return;
  ovh.nextExpiration = Infinity;
  for (const server of ovh.servers.values()) {
    while (server.expiration <= now && server.renew.automatic) {
      billFor(ovh, server.order, server.expiration, server.plan.price);
      server.expiration = monthLater(server.expiration);
    }
    if (server.expiration <= now) dropServer(ovh, server);
    else ovh.nextExpiration = Math.min(ovh.nextExpiration, server.expiration);
  }
}

const withService = (find) => (handler) => (call, ovh) => {
  settleServices(ovh);
  const server = find(call, ovh);
  if (server) return handler(call, ovh, server);
  return ovh.gone.has(call.params.service) ? expired() : noService();
};
const byName = withService((call, ovh) => ovh.servers.get(call.params.service));
const byId = withService((call, ovh) => ovh.services.get(Number(call.params.id)));

const active = (ovh, server) => ovh.clock.now() >= server.created + ovh.settings.service_active * 1000;

// A change is shown a moment later.
function shownRenew(ovh, server) {
  return server.shown && ovh.clock.now() < server.changed + ovh.settings.service_flip * 1000 ? server.shown : server.renew;
}

function showInfos(call, ovh, server) {
  const renew = shownRenew(ovh, server);
  return {
    serviceId: server.serviceId, domain: server.name, status: 'ok', creation: day(server.created), expiration: day(server.expiration),
    engagedUpTo: null, renewalType: renew.type, possibleRenewPeriod: [1], canDeleteAtExpiration: true,
    contactAdmin: OWNER, contactBilling: OWNER, contactTech: OWNER,
    renew: { automatic: renew.automatic, deleteAtExpiration: renew.deleteAtExpiration, forced: false, manualPayment: false, period: 1 },
  };
}

function setRenew(ovh, server, renew) {
  server.shown = shownRenew(ovh, server);
  server.changed = ovh.clock.now();
  server.renew = renew;
}

// Ending a service makes its renewal manual. Taking that back only clears the flag: without automatic:true the service
// still ends at the date, silently.
function putInfos(call, ovh, server) {
  const { renew } = call.body;
  const wrong = wrongField(call.body, { renew: 'object', renewalType: 'string' }) ??
    (renew ? wrongField(renew, { deleteAtExpiration: 'boolean', automatic: 'boolean', forced: 'boolean', manualPayment: 'boolean', period: 'number' }) : null);
  if (wrong) return wrong;
  if (!active(ovh, server)) return badRequest('Unable to synchronize l1::Service, subscription is not active yet');
  if (!renew) return undefined;
  const ends = renew.deleteAtExpiration ?? server.renew.deleteAtExpiration;
  const automatic = !ends && (renew.automatic ?? server.renew.automatic);
  setRenew(ovh, server, { automatic, deleteAtExpiration: ends, type: automatic ? 'automaticV2012' : 'manual' });
  return undefined;
}

// Changes nothing until the token of the mail comes back.
function terminate(call, ovh, server) {
  server.token = randomBytes(8).toString('hex');
  ovh.mails.push({ at: iso(ovh.clock.now()), to: 'ops@example.net', service: server.name, serviceId: server.serviceId, token: server.token });
  if (ovh.mails.length > LIMITS.mails) ovh.mails.shift();
  return 'An email has been sent to confirm the termination';
}

const confirm = (answer) => (call, ovh, server) => {
  const wrong = wrongField(call.body, { token: 'string!' });
  if (wrong) return wrong;
  if (!server.token || call.body.token !== server.token) return forbidden('Invalid token');
  server.token = null;
  setRenew(ovh, server, { automatic: false, deleteAtExpiration: true, type: 'manual' });
  return answer;
};

function list(call, ovh) {
  settleServices(ovh);
  const name = call.query.get('resourceName');
  return [...ovh.services.values()].filter((server) => name === null || server.name === name).map((server) => server.serviceId);
}

function show(call, ovh, server) {
  const renew = shownRenew(ovh, server);
  const ends = iso(server.expiration);
  return {
    serviceId: server.serviceId, parentServiceId: null, tags: [],
    route: { path: '/vps/{serviceName}', url: `/vps/${server.name}`, vars: [{ key: 'serviceName', value: server.name }] },
    customer: { contacts: [{ customerCode: OWNER, type: 'administrator' }] },
    resource: {
      name: server.name, displayName: server.displayName, state: 'active', resellingProvider: null,
      product: { name: 'virtualPrivateServer', description: 'VPS' },
    },
    billing: {
      plan: { code: server.plan.code, invoiceName: server.plan.name }, pricing: null, group: null, engagement: null, engagementRequest: null,
      nextBillingDate: ends, expirationDate: ends,
      lifecycle: {
        current: {
          state: renew.deleteAtExpiration ? 'terminating' : 'active', creationDate: iso(server.created), terminationDate: renew.deleteAtExpiration ? ends : null,
          pendingActions: renew.deleteAtExpiration ? ['terminateAtExpirationDate'] : [],
        },
        capacities: { actions: ['earlyRenewal', 'terminateAtExpirationDate'] },
      },
      renew: { current: { mode: renew.automatic ? 'automatic' : 'manual', nextDate: ends, period: 'P1M' }, capacities: { mode: ['automatic', 'manual'] } },
    },
  };
}

function put(call, ovh, server) {
  const wrong = wrongField(call.body, { terminationPolicy: 'string', displayName: 'string' });
  if (wrong) return wrong;
  const { terminationPolicy: policy } = call.body;
  if (!active(ovh, server)) return badRequest('Unable to synchronize l1::Service, subscription is not active yet');
  if (policy === 'terminateAtExpirationDate') setRenew(ovh, server, { automatic: false, deleteAtExpiration: true, type: 'manual' });
  else if (policy === 'empty') setRenew(ovh, server, { automatic: true, deleteAtExpiration: false, type: 'automaticV2012' });
  else if (policy) return badRequest(`[terminationPolicy] Given data (${policy.slice(0, 60)}) does not belong to the enumeration`);
  return undefined;
}

function remove(call, ovh, server) {
  dropServer(ovh, server);
  return { message: 'Your service will be terminated' };
}

const VPS = '/vps/{service}';

export default [
  ['GET', `${VPS}/serviceInfos`, byName(showInfos)],
  ['PUT', `${VPS}/serviceInfos`, byName(putInfos)],
  ['POST', `${VPS}/terminate`, byName(terminate)],
  ['POST', `${VPS}/confirmTermination`, byName(confirm('ok'))],
  ['GET', '/services', list],
  ['GET', '/services/{id}', byId(show)],
  ['PUT', '/services/{id}', byId(put)],
  ['DELETE', '/services/{id}', byId(remove)],
  ['POST', '/services/{id}/terminate', byId((call, ovh, server) => ({ message: terminate(call, ovh, server) }))],
  ['POST', '/services/{id}/terminate/confirm', byId(confirm({ message: 'Your service will be terminated' }))],
];
