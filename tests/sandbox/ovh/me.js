// The account itself: who it is, its bills, its SSH keys (which VPS of today do not use).

import { iso } from '../clock.js';
import { LIMITS, OWNER } from './account.js';
import { price } from './catalog.js';
import { settleOrders } from './delivery.js';
import { badRequest, noObject, tooMany, wrongField } from './refusals.js';
import { settleServices } from './services.js';

const me = () => ({
  nichandle: OWNER, email: 'ops@example.net', ovhSubsidiary: 'US', currency: { code: 'USD', symbol: '$' }, country: 'US', state: 'complete',
});

function bills(call, ovh) {
  settleOrders(ovh);
  settleServices(ovh);
  const orderId = call.query.get('orderId');
  const from = Date.parse(call.query.get('date.from') ?? '1970-01-01');
  const to = Date.parse(call.query.get('date.to') ?? '9999-01-01');
  if (Number.isNaN(from) || Number.isNaN(to)) return badRequest('[date.from] is not a date');
  return [...ovh.bills.values()]
    .filter((bill) => (orderId === null || String(bill.orderId) === orderId) && bill.at >= from && bill.at <= to)
    .map((bill) => bill.id);
}

function bill(call, ovh) {
  const found = ovh.bills.get(call.params.bill);
  if (!found) return noObject(call.params.bill);
  const url = `https://us.ovhcloud.com/cgi-bin/order/bill.pdf?reference=${found.id}`;
  return {
    billId: found.id, date: iso(found.at), orderId: found.orderId, htmlUrl: url, pdfUrl: url, url, password: 'aBcD',
    priceWithTax: price(found.amount), priceWithoutTax: price(found.amount), tax: price(0),
  };
}

function addKey(call, ovh) {
  const wrong = wrongField(call.body, { keyName: 'string!', key: 'string!' });
  if (wrong) return wrong;
  if (!/^(ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+/.test(call.body.key)) return badRequest('[key] This SSH key is not valid');
  if (ovh.sshKeys.size >= LIMITS.sshKeys) return tooMany();
  ovh.sshKeys.set(call.body.keyName, { keyName: call.body.keyName, key: call.body.key, default: false });
  return undefined;
}

const showKey = (call, ovh) => ovh.sshKeys.get(call.params.key) ?? noObject(call.params.key);
const removeKey = (call, ovh) => (ovh.sshKeys.delete(call.params.key) ? undefined : noObject(call.params.key));

export default [
  ['GET', '/me', me],
  ['GET', '/me/bill', bills],
  ['GET', '/me/bill/{bill}', bill],
  ['GET', '/me/sshKey', (call, ovh) => [...ovh.sshKeys.keys()]],
  ['POST', '/me/sshKey', addKey],
  ['GET', '/me/sshKey/{key}', showKey],
  ['DELETE', '/me/sshKey/{key}', removeKey],
];
