// What the tests of the real machine work with: the sandbox's OpenRouter beside booted machines in this very process
// (machines/nspawn/run started it), and a machine as the installer uses it, by SSH as the image's user.

import { readFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import http from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeKey, ssh, until } from '../sandbox/machines/client.js';
import { Machines } from '../sandbox/machines/nspawn/machines.js';
import { serveWorld } from '../sandbox/http.js';
import { defaults } from '../sandbox/settings.js';
import { World } from '../sandbox/world.js';

const here = dirname(fileURLToPath(import.meta.url));
const SETUP = join(here, '../../build/setup.sh');
const SETUP_DEADLINE_MS = 15 * 60000;
const COMMAND_DEADLINE_MS = 5 * 60000;
const LOOK_EVERY_MS = 1000; // each is a login

export const HOME = '/home/debian/openclaw-setup';
export const STATE = '/var/lib/openclaw-setup';
export const SKILLS_THERE = 'ls /var/lib/openclaw/.openclaw/workspace/skills';
export const VERSION = /^OPENCLAW_VERSION=(\S+)/m.exec(readFileSync(SETUP, 'utf8'))[1];

const MANAGEMENT_KEY = 'sk-or-mgmt-real-machine';

export class RealWorld {
  static async start(dir, net) {
    const real = new RealWorld();
    Object.assign(real, { dir, net, last: 1 });
    real.machines = new Machines({ dir, net, settings: { boot: 0 } });
    await real.machines.start();
    real.world = new World({ settings: defaults(), credentials: { openrouterKey: MANAGEMENT_KEY }, machines: real.machines, net });
    real.server = serveWorld(real.world);
    real.server.listen(0, '127.0.0.1');
    await once(real.server, 'listening');
    real.url = `http://127.0.0.1:${real.server.address().port}`;
    real.machines.reach(real.url);
    real.ca = await readFile(join(dir, 'ca.pem'));
    await real.openDashboard();
    real.key = await makeKey(await mkdtemp(join(dir, 'keys-')), 'deployment');
    return real;
  }

  /** A page in the dashboard's place: a frame, and nothing else. */
  async openDashboard() {
    const page = '<!doctype html><title>dashboard</title><style>*{margin:0;border:0}iframe{width:100vw;height:100vh}</style>'
      + '<iframe allow="clipboard-write; microphone" referrerpolicy="no-referrer"></iframe>';
    this.page = http.createServer((request, reply) => reply.writeHead(200, { 'content-type': 'text/html' }).end(page));
    this.page.listen(0, '127.0.0.1');
    await once(this.page, 'listening');
    this.dashboard = `http://127.0.0.1:${this.page.address().port}`;
  }

  /** A capped key at OpenRouter: { key, hash }. */
  async openRouterKey(name) {
    const reply = await fetch(`${this.url}/api/v1/keys`, { method: 'POST', body: JSON.stringify({ name, limit: 1 }),
      headers: { authorization: `Bearer ${MANAGEMENT_KEY}` }, signal: AbortSignal.timeout(10000) });
    const { key, data } = await reply.json();
    return { key, hash: data.hash };
  }

  /** The chats the mock model was asked for since: journal entries. */
  chats(after = 0) {
    return this.world.journal.after(after).filter(({ path }) => path === '/api/v1/chat/completions');
  }

  async machine(name = `vps-${this.last}`) {
    const known = this.machines.get(name);
    const ip = known?.ip ?? `${this.net}.${this.last += 1}`;
    await this.machines.rebuild({ name, ip, hostname: `${name}.vps.example`, publicKey: this.key.publicKey });
    return new RealMachine(this, name, ip);
  }

  async close() {
    await this.machines.close();
    for (const server of [this.server, this.page]) {
      server.close();
      server.closeAllConnections();
    }
  }
}

export class RealMachine {
  constructor(real, name, ip) {
    Object.assign(this, { real, name, ip, hostname: `${name}.vps.example` });
    this.ssh = { ip, port: 22, key: real.key };
    this.https = { ip, port: 443, ca: real.ca };
    this.gatewayToken = 'f00dfeed'.repeat(8);
  }

  /** { status, output, errors } */
  try(command, input = '') {
    return ssh({ ...this.ssh, deadline: COMMAND_DEADLINE_MS }, command, input);
  }

  async run(command, input = '') {
    const { status, output, errors } = await this.try(command, input);
    if (status !== 0) throw new Error(`${command.slice(0, 200)} (status ${status}): ${output}${errors}`);
    return output;
  }

  root(command, input = '') {
    return this.run(`sudo -n bash -c '${command.replaceAll("'", "'\\''")}'`, input);
  }

  openclaw(words) {
    return this.root(`cd /var/lib/openclaw && runuser -u openclaw -- env HOME=/var/lib/openclaw openclaw ${words} </dev/null`);
  }

  setup(words) {
    return this.run(`sudo -n /bin/bash ${HOME}/setup.sh ${words}`);
  }

  /** As the installer does it. */
  async upload(changes = {}) {
    const values = { OPENROUTER_API_KEY: this.openRouterKey, GATEWAY_TOKEN: this.gatewayToken, VPS_IP: this.ip, VPS_HOSTNAME: this.hostname,
      OPENCLAW_VERSION: '', OPENCLAW_MODEL: 'openrouter/google/gemini-3-flash-preview', DASHBOARD_ORIGIN: this.real.dashboard, SKILLS: '', RUN_ID: 'run-1',
      ...this.real.machines.values, ...changes };
    await this.run(`mkdir -p -m 700 ${HOME} && cat >${HOME}/setup.sh`, await readFile(SETUP));
    await this.run(`umask 077 && cat >${HOME}/setup.env`, Object.entries(values).map(([name, value]) => `${name}='${value}'\n`).join(''));
  }

  /** { status, offset, log } */
  async follow(from = 0) {
    const [, status, offset, log] = /^(.*)\noffset (\d+)\n\n([^]*)$/.exec(await this.setup(`follow ${from}`));
    return { status, offset: Number(offset), log };
  }

  /** Until the status is what is waited for; returns it. */
  reaches(wanted) {
    return until(`the setup says ${wanted}`, async () => {
      const { status } = await this.follow(1e12);
      return wanted.test(status) && status;
    }, SETUP_DEADLINE_MS, LOOK_EVERY_MS);
  }

  log() {
    return this.root(`cat ${STATE}/log`);
  }
}
