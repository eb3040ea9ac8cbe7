// The last requests to the outside APIs, for tests and people: a ring, so a long demo does not grow.

const SIZE = 20000;

export class Journal {
  constructor() {
    this.ring = [];
    this.count = 0;
    this.cleared = 0;
  }

  // Keeps the entry itself: its status and time are filled in when the call is over.
  add(entry) {
    entry.n = ++this.count;
    this.ring[(entry.n - 1) % SIZE] = entry;
  }

  after(n) {
    const first = Math.max(n, this.count - SIZE, this.cleared);
    const entries = [];
    for (let i = first; i < this.count; i++) entries.push(this.ring[i % SIZE]);
    return entries;
  }

  clear() { // numbers go on, so that nobody's `after` points into the future
    this.cleared = this.count;
    this.ring = [];
  }
}
