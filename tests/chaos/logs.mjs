// What the services wrote since the last look.

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

// The services write JSON lines and nothing else: what they did not write themselves comes from a library at its wits' end.
const BAD = /Assertion|abort|Sanitizer|runtime error:|crash point '|fatal|corrupt|double free|stack smashing/i;
const OURS = /^\{"ts"/;

export class Logs {
  #read = new Map();

  constructor(runDir, names) {
    this.runDir = runDir;
    this.names = names;
  }

  #news(name) {
    const path = join(this.runDir, 'log', `${name}.log`);
    if (!existsSync(path)) return '';
    const file = openSync(path, 'r');
    try {
      const from = this.#read.get(name) ?? 0;
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - from));
      const n = readSync(file, bytes, 0, bytes.length, from);
      this.#read.set(name, from + n);
      return bytes.toString('utf8', 0, n);
    } finally {
      closeSync(file);
    }
  }

  /** Lines no process may write. */
  look() {
    return this.names.flatMap((name) => this.#news(name).split('\n').filter((line) => !OURS.test(line) && BAD.test(line)).map((line) => `${name}: ${line}`));
  }
}
