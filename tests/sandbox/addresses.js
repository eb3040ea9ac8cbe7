// Addresses for machines: `${net}.0.2` upwards, or `${net}.2` where the net has three numbers already. An address that
// was given back is used again only after all the others: a client that pinned a host key should not meet another machine
// there a moment later.

export class Addresses {
  constructor(net) {
    this.net = net;
    this.used = new Set();
    this.last = 1;
    this.wide = net.split('.').length < 3;
    this.limit = this.wide ? 256 * 256 - 1 : 255;
  }

  take() {
    for (let tries = 0; tries <= this.limit; tries++) {
      this.last = this.last >= this.limit ? 2 : this.last + 1;
      const ip = this.wide ? `${this.net}.${this.last >> 8}.${this.last & 255}` : `${this.net}.${this.last}`;
      if ([0, 255].includes(this.last & 255) || this.used.has(ip)) continue;
      this.used.add(ip);
      return ip;
    }
    return null;
  }

  free(ip) {
    this.used.delete(ip);
  }
}
