// Calls whose caller was told of a failure and that are carried out later all the same, as a queue behind an API may do.

export class Late {
  #timers = new Set();

  get size() {
    return this.#timers.size;
  }

  add(seconds, work) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, seconds * 1000);
    timer.unref();
    this.#timers.add(timer);
  }

  clear() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
