// Reading a VPS: the list, its properties, addresses (late, IPv6 first), images; and the few properties that can be set.

import { imagesOf, place } from './catalog.js';
import { settleOrders } from './delivery.js';
import { badRequest, noObject, noService, wrongField } from './refusals.js';
import { settleServer, stateOf } from './servers.js';
import { settleServices } from './services.js';

export const withServer = (handler) => (call, ovh) => {
  settleServices(ovh);
  const server = ovh.servers.get(call.params.service);
  return server ? handler(call, ovh, settleServer(ovh, server)) : noService();
};

function list(call, ovh) {
  settleOrders(ovh);
  settleServices(ovh);
  return [...ovh.servers.keys()];
}

export const urnOf = (server) => `urn:v1:us:resource:vps:${server.name}`;

const show = (call, ovh, server) => ({
  name: server.name, displayName: server.displayName, state: stateOf(server), zone: server.zone, cluster: '', memoryLimit: server.plan.memory,
  vcore: server.plan.vcore, netbootMode: server.netbootMode, keymap: server.keymap, offerType: 'ssd', slaMonitoring: server.slaMonitoring,
  monitoringIpBlocks: [],
  model: {
    name: server.plan.code, offer: server.plan.name, version: '2019v1', disk: server.plan.disk, memory: server.plan.memory,
    vcore: server.plan.vcore, maximumAdditionnalIp: 16, datacenter: [], availableOptions: [],
  },
  iam: { id: server.iamId, urn: urnOf(server), displayName: server.displayName },
});

function update(call, ovh, server) {
  const wrong = wrongField(call.body, { displayName: 'string', netbootMode: 'string', keymap: 'string', slaMonitoring: 'boolean' });
  if (wrong) return wrong;
  if ((call.body.displayName ?? '').length > 50) return badRequest('[displayName] is longer than 50 characters');
  for (const name of ['displayName', 'netbootMode', 'keymap', 'slaMonitoring']) server[name] = call.body[name] ?? server[name];
  return undefined;
}

function addresses(ovh, server) {
  const age = (ovh.clock.now() - server.created) / 1000 - ovh.settings.deliver_task;
  return [...(age >= ovh.settings.ips / 2 ? [server.ip6] : []), ...(age >= ovh.settings.ips ? [server.ip] : [])];
}

function address(call, ovh, server) {
  const { ip } = call.params;
  if (!addresses(ovh, server).includes(ip)) return noObject(ip);
  const v4 = ip === server.ip;
  return {
    ipAddress: ip, type: 'primary', version: v4 ? 'v4' : 'v6', gateway: v4 ? ip.replace(/\d+$/, '1') : '2604:2dc0:101:200::1', reverse: server.name,
    geolocation: place(server.datacenter).country, macAddress: server.mac,
  };
}

const image = (call, ovh, server) => imagesOf(server.datacenter).find((one) => one.id === call.params.image) ?? noObject(call.params.image);

const VPS = '/vps/{service}';

export default [
  ['GET', '/vps', list],
  ['GET', VPS, withServer(show)],
  ['PUT', VPS, withServer(update)],
  ['GET', `${VPS}/ips`, withServer((call, ovh, server) => addresses(ovh, server))],
  ['GET', `${VPS}/ips/{ip}`, withServer(address)],
  ['GET', `${VPS}/datacenter`, withServer((call, ovh, server) => place(server.datacenter))],
  ['GET', `${VPS}/images/available`, withServer((call, ovh, server) => imagesOf(server.datacenter).map((one) => one.id))],
  ['GET', `${VPS}/images/available/{image}`, withServer(image)],
  ['GET', `${VPS}/images/current`, withServer((call, ovh, server) => imagesOf(server.datacenter).find((one) => one.name === server.os))],
];
