// What all kinds of machines have in common: they are addressed by name, and work on one machine is done in the order it
// was asked for. A kind says how one is made, and which addresses are its own.

export class Fleet {
  #machines = new Map();
  #turns = new Map();
  #most;

  constructor(most) {
    this.#most = most;
  }

  // Wipes the machine (or makes it) and boots it so that only this key may log in.
  rebuild({ name, ip, hostname = name, publicKey, user = 'debian' }) {
    return this.#inTurn(name, async () => {
      this.checkAddress(ip);
      for (const other of this.#machines.values()) {
        if (other.ip === ip && other.name !== name) throw new Error(`${ip} belongs to ${other.name}`);
      }
      await this.#machines.get(name)?.destroy();
      if (this.#machines.size >= this.#most) throw new Error(`more than ${this.#most} machines`);
      const machine = this.make({ name, ip, hostname, publicKey, user });
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

  // The address of the machine that is called so in the world outside, or undefined.
  addressOf(hostname) {
    return [...this.#machines.values()].find((machine) => machine.hostname === hostname)?.ip;
  }

  // Ends and forgets every machine; new ones may follow.
  async clear() {
    const names = new Set([...this.#machines.keys(), ...this.#turns.keys()]);
    await Promise.all([...names].map((name) => this.remove(name)));
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
