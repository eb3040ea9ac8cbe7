// Loopback addresses for machines, `${net}.0.2` upwards. An address that was given back is used again only after all the
// others: a client that pinned a host key should not meet another machine there a moment later.

const LAST = 256 * 256 - 1;

export class Addresses {
  constructor(net) {
    this.net = net;
    this.used = new Set();
    this.last = 1;
  }

  take() {
    for (let tries = 0; tries <= LAST; tries++) {
      this.last = this.last >= LAST ? 2 : this.last + 1;
      const ip = `${this.net}.${this.last >> 8}.${this.last & 255}`;
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
