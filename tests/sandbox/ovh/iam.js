// The v2 side: resources with their tags, the only place to write on a VPS whose it is.

import { LIMITS, OWNER } from './account.js';
import { settleOrders } from './delivery.js';
import { badRequest, noObject, wrongField } from './refusals.js';
import { settleServices } from './services.js';
import { urnOf } from './vps.js';

const KEY = /^[a-z][a-z0-9_-]{0,48}$/;

const show = (server) => ({
  id: server.iamId, urn: urnOf(server), name: server.name, displayName: server.displayName, type: 'vps', owner: OWNER,
  tags: Object.fromEntries(server.tags),
});

function list(call, ovh) {
  settleOrders(ovh);
  settleServices(ovh);
  const unknown = [...call.query.keys()].find((name) => !['resourceType', 'resourceName'].includes(name));
  if (unknown) return badRequest(`Bad request: ${unknown}`);
  const type = call.query.get('resourceType');
  const name = call.query.get('resourceName');
  return [...ovh.servers.values()].filter((server) => (type === null || type === 'vps') && (name === null || name === server.name)).map(show);
}

const withResource = (handler) => (call, ovh) => {
  settleServices(ovh);
  const server = ovh.servers.get(call.params.urn.replace('urn:v1:us:resource:vps:', ''));
  return server && urnOf(server) === call.params.urn ? handler(call, ovh, server) : noObject(call.params.urn);
};

function tag(call, ovh, server) {
  const wrong = wrongField(call.body, { key: 'string!', value: 'string!' });
  if (wrong) return wrong;
  if (!KEY.test(call.body.key)) return badRequest(`[key] ${call.body.key.slice(0, 60)} is not a tag key`);
  if (server.tags.size >= LIMITS.tags) return badRequest('Too many tags');
  server.tags.set(call.body.key, call.body.value);
  return undefined;
}

const untag = (call, ovh, server) => (server.tags.delete(call.params.key) ? undefined : noObject(call.params.key));

export default [
  ['GET', '/v2/iam/resource', list],
  ['GET', '/v2/iam/resource/{urn}', withResource((call, ovh, server) => show(server))],
  ['POST', '/v2/iam/resource/{urn}/tag', withResource(tag)],
  ['DELETE', '/v2/iam/resource/{urn}/tag/{key}', withResource(untag)],
];
