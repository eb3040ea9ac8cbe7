// The machines of the sandbox: after a rebuild a real OpenSSH server with the given key answers on the machine's own
// loopback address, in a private root, and once the setup script has started the web server there, HTTPS does too.
// Machines are addressed by name; work on one machine is done in the order it was asked for.

import { join } from 'node:path';

import { Authority } from './machines/authority.js';
import { Machine } from './machines/machine.js';
import { prepareRuntime } from './machines/runtime.js';

const MOST_MACHINES = 1000;

export class Machines {
  #machines = new Map();
  #turns = new Map();
  #options;

  // dir: where ca.pem appears; state: where the disks live (tests/sandbox/run provides a tmpfs for them);
  // settings: read when they matter: boot and setup, in seconds.
  constructor({ dir, net = '127.52', sshPort = 2222, httpsPort = 8443, ca, settings = {},
    state = process.env.SANDBOX_STATE || join(dir, 'machines') }) {
    this.#options = { dir, net, sshPort: Number(sshPort), httpsPort: Number(httpsPort), ca, settings, state };
  }

  async start() {
    const options = this.#options;
    options.runtime = await prepareRuntime(options.dir, options.state);
    if (!(options.ca instanceof Authority)) {
      options.ca = await Authority.create('OpenClaw sandbox CA');
      await options.ca.publish(join(options.dir, 'ca.pem'));
    }
    options.privateCa = await Authority.create('Caddy Local Authority');
  }

  // Wipes the machine (or makes it) and boots it so that only this key may log in.
  rebuild({ name, ip, hostname = name, publicKey, user = 'debian' }) {
    return this.#inTurn(name, async () => {
      if (!ip.startsWith(`${this.#options.net}.`)) throw new Error(`${ip} is outside ${this.#options.net}`);
      for (const other of this.#machines.values()) {
        if (other.ip === ip && other.name !== name) throw new Error(`${ip} belongs to ${other.name}`);
      }
      await this.#machines.get(name)?.destroy();
      if (this.#machines.size >= MOST_MACHINES) throw new Error(`more than ${MOST_MACHINES} machines`);
      const machine = new Machine({ name, ip, hostname, publicKey, user }, this.#options);
      this.#machines.set(name, machine);
      await machine.install();
      await machine.boot();
    });
  }

  reboot(name) {
    return this.#inTurn(name, async () => {
      const machine = this.#known(name);
      await machine.halt();
      await machine.boot();
    });
  }

  power(name, on) {
    return this.#inTurn(name, async () => {
      const machine = this.#known(name);
      if (on !== machine.running) await (on ? machine.boot() : machine.halt());
    });
  }

  remove(name) {
    return this.#inTurn(name, async () => {
      const machine = this.#machines.get(name);
      this.#machines.delete(name);
      await machine?.destroy();
    });
  }

  // { name, ip, hostname, user, running } or undefined
  get(name) {
    return this.#machines.get(name);
  }

  // Ends and forgets every machine; new ones may follow.
  async clear() {
    const names = new Set([...this.#machines.keys(), ...this.#turns.keys()]);
    await Promise.all([...names].map((name) => this.remove(name)));
  }

  async close() {
    await this.clear();
  }

  #known(name) {
    const machine = this.#machines.get(name);
    if (!machine) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  #inTurn(name, work) {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => {}).then(() => {
      if (this.#turns.get(name) === settled) this.#turns.delete(name);
    });
    this.#turns.set(name, settled);
    return turn;
  }
}
