// The outside world of the product in one process: OVH, OpenRouter and machines, for demos and tests.
// Started by `run` (which gives it a place of its own for machines) or directly with SANDBOX_MACHINES=none.

import { existsSync } from 'node:fs';
import { serveWorld } from './http.js';
import { defaults } from './settings.js';
import { World } from './world.js';

// Stands in for the machines where only the APIs matter.
const NO_MACHINES = { async start() {}, async rebuild() {}, async reboot() {}, async power() {}, async remove() {}, get() {}, async close() {} };

// Light machines are processes on loopback addresses, booted ones have a network of their own.
const BOOTED = process.env.SANDBOX_MACHINES === 'nspawn';
const NETS = BOOTED ? /^198\.1[89]\.\d{1,3}$/ : /^127\.\d{1,3}$/;

function stop(message) {
  console.error(`sandbox: ${message}`);
  process.exit(2);
}

function need(name) {
  return process.env[name] || stop(`${name} is not set`);
}

function portFrom(name, fallback) {
  const port = Number(process.env[name] ?? fallback);
  return Number.isInteger(port) && port >= 0 && port <= 65535 ? port : stop(`${name} is not a port`);
}

async function makeMachines(settings, net) {
  if (process.env.SANDBOX_MACHINES === 'none') return NO_MACHINES;
  const code = new URL(BOOTED ? './machines/nspawn/machines.js' : './machines.js', import.meta.url);
  if (!existsSync(code)) return NO_MACHINES;
  const { Machines } = await import(code);
  const dir = need('SANDBOX_DIR');
  return new Machines({
    dir, net, settings,
    sshPort: portFrom('SANDBOX_SSH_PORT', 22), httpsPort: portFrom('SANDBOX_HTTPS_PORT', 443),
  });
}

const credentials = {
  appKey: need('OVH_APP_KEY'), appSecret: need('OVH_APP_SECRET'), consumerKey: need('OVH_CONSUMER_KEY'),
  openrouterKey: need('OPENROUTER_PROVISIONING_KEY'),
};
const net = process.env.SANDBOX_NET || (BOOTED ? '198.18.32' : '127.32');
if (!NETS.test(net)) stop(`SANDBOX_NET is ${BOOTED ? '198.18.A or 198.19.A' : '127.A'}`);
const port = portFrom('SANDBOX_PORT', 0);
const settings = defaults();
const machines = await makeMachines(settings, net);
const world = new World({ settings, credentials, machines, net });
const server = serveWorld(world);

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  server.close();
  server.closeAllConnections();
  setTimeout(() => process.exit(1), 5000).unref(); // whatever hangs goes with the process
  await machines.close();
  process.exit(0);
}
process.on('SIGTERM', end);
process.on('SIGINT', end);

server.on('error', (error) => stop(`can not listen on 127.0.0.1:${port}: ${error.message}`));
await machines.start().catch((error) => stop(`machines: ${error.message}`));
server.listen(port, '127.0.0.1', 1024, () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  machines.reach?.(url);
  console.log(`sandbox: listening on ${url}`);
});
