// A seeded generator: the same seed throws the same numbers, on every machine and for ever.

export class Dice {
  #state;

  constructor(...seeds) {
    this.#state = 0x811c9dc5;
    for (const byte of Buffer.from(seeds.join('/'))) this.#state = Math.imul(this.#state ^ byte, 0x01000193) >>> 0;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** 0 <= number < 1 (mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `first` to `last`, both possible. */
  int(first, last) {
    return first + Math.floor(this.next() * (last - first + 1));
  }

  chance(p) {
    return this.next() < p;
  }

  pick(list) {
    return list[this.int(0, list.length - 1)];
  }

  /** One of [weight, value] pairs. */
  weigh(pairs) {
    let left = this.next() * pairs.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of pairs) {
      left -= weight;
      if (left < 0) return value;
    }
    return pairs.at(-1)[1];
  }

  /** `n` values made by `make`. */
  times(n, make) {
    return Array.from({ length: n }, (_, i) => make(i));
  }
}
