// What a shopper sees before the cart, all unsigned: stock by datacenter and the public catalog.

import { PLANS, soldOut, ucents } from './catalog.js';
import { badRequest } from './refusals.js';

const row = (datacenter, available) => ({
  datacenter, code: datacenter.toLowerCase(), status: available ? 'available' : 'out-of-stock',
  linuxStatus: available ? 'available' : 'out-of-stock', windowsStatus: 'out-of-stock', daysBeforeDelivery: 0,
});

// The answer may name a datacenter the plan can not use (an order there fails), and a plan no longer sold is not an
// error but out of stock everywhere.
function datacenters(call, ovh) {
  const code = call.query.get('planCode');
  if (!call.query.get('ovhSubsidiary') || !code) return badRequest('Missing parameter(s): ovhSubsidiary, planCode');
  const plan = PLANS.get(code);
  if (!plan) return { datacenters: ['US-EAST-VA', 'US-WEST-OR'].map((name) => row(name, false)) };
  const foreign = plan.region === 'canada' ? 'US-EAST-VA' : 'BHS';
  const all = [...plan.datacenters, foreign];
  return { datacenters: all.map((name) => row(name, !soldOut(ovh.settings.out_of_stock, code, name))) };
}

const configuration = (name, isMandatory, values) => ({ name, isCustom: false, isMandatory, values });

function catalog(call) {
  if (!call.query.get('ovhSubsidiary')) return badRequest('Missing parameter(s): ovhSubsidiary');
  const plans = [...PLANS.values()].map((plan) => ({
    planCode: plan.code, invoiceName: plan.name, product: 'virtualPrivateServer', pricingType: 'rental',
    configurations: [
      configuration('region', false, [plan.region]),
      configuration('vps_datacenter', true, plan.datacenters),
      configuration('vps_os', true, plan.systems),
    ],
    addonFamilies: [{ name: 'os', mandatory: true, exclusive: true, default: 'option-linux', addons: ['option-linux'] }],
    pricings: [{
      mode: 'default', phase: 1, capacities: ['renew'], description: 'Monthly fees', interval: 1, intervalUnit: 'month',
      commitment: 0, price: ucents(plan.price), tax: 0, type: 'rental',
    }],
  }));
  return { catalogId: 812, locale: { currencyCode: 'USD', subsidiary: 'US', taxRate: 0 }, plans, addons: [], products: [], planFamilies: [] };
}

export default [
  ['GET', '/vps/order/rule/datacenter', datacenters, { open: true }],
  ['GET', '/order/catalog/public/vps', catalog, { open: true }],
];
