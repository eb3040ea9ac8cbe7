// The sandbox's own handles: what was bought, what was asked, delays and faults to order.

import { Http } from './http.mjs';

export class Sandbox extends Http {
  ledger() {
    return this.get('/_/ledger');
  }

  journal(after = 0) {
    return this.get(`/_/journal?after=${after}`);
  }

  /** Sets delays (seconds by name) and switches; without an argument tells them. */
  settings(changes) {
    return changes ? this.post('/_/settings', changes) : this.get('/_/settings');
  }

  /** Orders one fault or several. */
  faults(faults) {
    return this.post('/_/faults', faults);
  }

  clearFaults() {
    return this.delete('/_/faults');
  }

  reset() {
    return this.post('/_/reset', {});
  }
}
