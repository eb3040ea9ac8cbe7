// The light machines of the sandbox: after a rebuild a real OpenSSH server with the given key answers on the machine's own
// loopback address, in a private root, and once the setup script has started the web server there, HTTPS does too.

import { join } from 'node:path';

import { Authority } from './machines/authority.js';
import { Fleet } from './machines/fleet.js';
import { Machine } from './machines/machine.js';
import { prepareRuntime } from './machines/runtime.js';

const MOST_MACHINES = 1000;

export class Machines extends Fleet {
  #options;

  // dir: where ca.pem appears; state: where the disks live (tests/sandbox/run provides a tmpfs for them);
  // settings: read when they matter: boot and setup, in seconds.
  constructor({ dir, net = '127.52', sshPort = 2222, httpsPort = 8443, ca, settings = {},
    state = process.env.SANDBOX_STATE || join(dir, 'machines') }) {
    super(MOST_MACHINES);
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

  checkAddress(ip) {
    if (!ip.startsWith(`${this.#options.net}.`)) throw new Error(`${ip} is outside ${this.#options.net}`);
  }

  make(about) {
    return new Machine(about, this.#options);
  }

  async close() {
    await this.clear();
  }
}
