// Everything that lives outside the product, in memory: the OVH account, the OpenRouter account, faults, journal,
// settings, machines. `reset` gives a new one in place of the old.

import { Addresses } from './addresses.js';
import { Clock } from './clock.js';
import { Faults } from './faults.js';
import { Journal } from './journal.js';
import { Late } from './late.js';
import { closeAccount, openAccount } from './ovh/account.js';
import { openRouter } from './openrouter/index.js';
import { defaults } from './settings.js';

export class World {
  constructor({ settings, credentials, machines, net }) {
    this.settings = settings;
    this.credentials = credentials;
    this.machines = machines;
    this.clock = new Clock(settings);
    this.addresses = new Addresses(net);
    this.faults = new Faults();
    this.journal = new Journal();
    this.late = new Late();
    this.open();
  }

  open() {
    this.ovh = openAccount(this);
    this.router = openRouter(this);
  }

  // Calls that still wait (setting api) meet the new accounts.
  async reset() {
    const old = this.ovh;
    for (const name of Object.keys(this.settings)) delete this.settings[name];
    Object.assign(this.settings, defaults());
    this.faults.clear();
    this.journal.clear();
    this.late.clear();
    this.open();
    await closeAccount(old);
  }
}
