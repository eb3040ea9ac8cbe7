// Booted machines, with the interface of the light ones (../../machines.js): Debian with its own systemd, sshd and
// network, real packages through the gate, certificates from Pebble, an OpenRouter that is the sandbox's.

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Fleet } from '../fleet.js';
import { Gate } from './gate.js';
import { sourcesFor } from './image.js';
import { Machine } from './machine.js';
import { Names } from './names.js';
import { Network } from './network.js';
import { Pebble } from './pebble.js';
import { CACHE, prepare } from './prepare.js';

const GATE_PORT = 8000;
const NAMES_PORT = 8053;
const MOST_MACHINES = 20;

export class Machines extends Fleet {
  #options;
  #network;
  #gate;
  #pebble;
  #names;
  #world;

  // dir: where ca.pem and setup.values appear; net: 198.18.N or 198.19.N; settings: boot, in seconds, read when it matters
  constructor({ dir, net = '198.18.0', settings = {}, state = process.env.SANDBOX_STATE, cgroup = process.env.SANDBOX_CGROUP, cache = CACHE }) {
    super(MOST_MACHINES);
    if (!state || !cgroup) throw new Error('booted machines are started by machines/nspawn/run');
    this.#options = { dir, net, settings, state, cgroup, cache };
  }

  async start() {
    const { dir, net, settings, state, cgroup, cache } = this.#options;
    const { sources, image, pebble, dist, values } = await prepare(cache);
    this.#network = new Network(net);
    await this.#network.open();
    const { host } = this.#network;
    this.#gate = new Gate({ sources, dist, cache: join(cache, 'packages') });
    const gateway = `${host}:${await this.#gate.open(GATE_PORT, host)}`;
    this.#names = new Names((name) => this.addressOf(name));
    this.#pebble = new Pebble({ program: pebble, host, folder: join(state, 'pebble'), names: await this.#names.open(NAMES_PORT, host) });
    const certificate = await this.#pebble.open(join(dir, 'ca.pem'));
    this.values = {
      ...values, NODE_MIRROR: `http://${gateway}/dist`, CADDY_MIRROR: `http://${gateway}/dist`, ACME_DIRECTORY: this.#pebble.directory,
      ACME_ROOT: certificate.replace(/-----[A-Z ]+-----|\n/g, ''), OPENROUTER_BASE_URL: `http://${gateway}/api/v1`,
      CLAWHUB_URL: `http://${gateway}/clawhub`,
    };
    await this.#publishValues(join(dir, 'setup.values'));
    this.#world = { settings, state, cgroup, image, network: this.#network, gateway, sources: await sourcesFor(sources),
      registry: sources.registry, options: sources.options };
  }

  // What the setup script has to know to stay inside: the installer's setting SETUP_VALUES names this file.
  async #publishValues(path) {
    await mkdir(this.#options.dir, { recursive: true });
    await writeFile(`${path}.new`, Object.entries(this.values).map(([name, value]) => `${name}='${value}'\n`).join(''), { mode: 0o644 });
    await rename(`${path}.new`, path);
  }

  // Where the sandbox's own APIs are, for machines that ask for OpenRouter.
  reach(url) {
    this.#gate.reach(url);
  }

  checkAddress(ip) {
    if (!ip.startsWith(`${this.#options.net}.`) || ip === this.#network.host) throw new Error(`${ip} is outside ${this.#options.net}`);
  }

  make(about) {
    return new Machine(about, this.#world);
  }

  async close() {
    await this.clear();
    await this.#pebble?.close();
    this.#names?.close();
    await this.#gate?.close();
    await this.#network?.close();
  }
}
