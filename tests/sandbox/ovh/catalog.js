// What is for sale: plans with prices and datacenters, datacenters with their names, images. Configuration of the
// sandbox; the codes are those the product's default list tries, in OVH's own 2025 naming.

import { createHash } from 'node:crypto';

const OPERATING_SYSTEMS = ['Debian 12', 'Debian 12 - Docker', 'Debian 13', 'Ubuntu 24.04'];
const LOCAL_ZONES = ['US-EAST-LZ-ATL', 'US-EAST-LZ-DAL', 'US-EAST-LZ-MIA', 'US-EAST-LZ-NYC',
  'US-WEST-LZ-DEN', 'US-WEST-LZ-LAX', 'US-WEST-LZ-PAO', 'US-WEST-LZ-SEA'];
const REGIONS = ['US-EAST-VA', 'US-WEST-OR'];

const plan = (code, name, price, vcore, memory, disk, datacenters, region) =>
  ({ code, name, price, vcore, memory, disk, datacenters, region, systems: OPERATING_SYSTEMS });

export const PLANS = new Map([
  plan('vps-2025-model1.LZ', 'VPS-1 LZ', 7.99, 4, 8192, 75, LOCAL_ZONES, 'united_states'),
  plan('vps-2025-model1-ca', 'VPS-1', 7.6, 4, 8192, 75, ['BHS'], 'canada'),
  plan('vps-2025-model1', 'VPS-1', 7.99, 4, 8192, 75, REGIONS, 'united_states'),
  plan('vps-2025-model2-ca', 'VPS-2', 9.5, 6, 12288, 100, ['BHS'], 'canada'),
  plan('vps-2025-model3-ca', 'VPS-3', 18.4, 8, 24576, 200, ['BHS'], 'canada'),
  plan('vps-2025-model2', 'VPS-2', 9.99, 6, 12288, 100, REGIONS, 'united_states'),
  plan('vps-2025-model3', 'VPS-3', 19.97, 8, 24576, 200, REGIONS, 'united_states'),
].map((one) => [one.code, one]));

const PLACES = {
  'US-EAST-VA': ['Vint Hill', 'us'], 'US-WEST-OR': ['Hillsboro', 'us'], BHS: ['Beauharnois', 'ca'],
};

export const place = (datacenter) => {
  const [longName, country] = PLACES[datacenter] ?? [datacenter, 'us'];
  return { name: datacenter.toLowerCase(), longName, country };
};
export const zoneOf = (datacenter) => `Region OpenStack: os-${datacenter.toLowerCase()}-2`;

// Image ids differ from one region to the next.
export function imagesOf(datacenter) {
  return OPERATING_SYSTEMS.map((name) => {
    if (datacenter === 'US-EAST-VA' && name === 'Debian 12') return { id: 'd1453b53-7a9f-4842-9e79-41f3dda0e37d', name };
    const hex = createHash('sha1').update(`${datacenter} ${name}`).digest('hex');
    return { id: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-9${hex.slice(17, 20)}-${hex.slice(20, 32)}`, name };
  });
}

export const price = (value) => ({ currencyCode: 'USD', text: `$${value.toFixed(2)}`, value });
export const ucents = (value) => Math.round(value * 1e8);

// Every call to this reads the switch anew: stock changes while the sandbox runs.
export function soldOut(choice, code, datacenter) {
  if (typeof choice === 'boolean') return choice;
  return [code, datacenter, `${code}/${datacenter}`].some((name) => choice.includes(name));
}
