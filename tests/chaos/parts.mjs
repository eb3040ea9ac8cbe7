// The processes of the stack: killed, started (with a crash point or without), and started again when they have ended
// themselves at one. One that ends although nobody asked for it is remembered.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../harness/wait.mjs';

const LOOK_MS = 25;
const serviceOf = (name) => name.split('.')[0];

function isAlive(pid) {
  try {
    return !/^[ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1));
  } catch {
    return false;
  }
}

export class Parts {
  #stack;
  #settings;
  #parts = new Map(); // name: {up, pid, armed}
  #turns = new Map(); // service: the last thing asked of any copy of it
  #watcher;

  /** `settings`: by service, what each start of it is given. `tell` hears what happens. */
  constructor(stack, settings, names) {
    this.#stack = stack;
    this.#settings = settings;
    this.died = []; // names of those that ended by themselves
    this.tell = () => {};
    for (const name of names) this.#know(name, { up: true, pid: this.#pidOf(name) });
    this.#watcher = setInterval(() => this.#look(), LOOK_MS);
  }

  close() {
    clearInterval(this.#watcher);
  }

  /** From now on these run, with such settings. */
  async change(settings, names) {
    this.#settings = settings;
    for (const name of [...this.#parts.keys()].filter((one) => !names.includes(one))) {
      await this.stop(name);
      this.#parts.delete(name);
    }
    for (const name of names) if (!this.#parts.has(name)) this.#know(name, { up: false });
    await Promise.all(names.map(async (name) => {
      await this.kill(name);
      await this.start(name);
    }));
    await this.ready();
  }

  /** Each part runs with exactly this run's crash points; those of another run are forgotten. */
  async arm(arms) {
    const wanted = new Map(arms.map((arm) => [arm.part, arm]));
    const changed = [...this.#parts].filter(([name, part]) => part.armed || wanted.has(name));
    await Promise.all(changed.map(async ([name]) => {
      await this.kill(name);
      await this.start(name, wanted.get(name)?.settings, wanted.get(name)?.again);
    }));
  }

  /** It has a crash point that it has not come to. */
  isArmed(name) {
    return Boolean(this.#parts.get(name)?.armed);
  }

  kill(name) {
    return this.#down(name, 'kill');
  }

  stop(name) {
    return this.#down(name, 'stop');
  }

  /** `armed`: settings that make it end itself, and `again`: how often it is started with them once more. */
  start(name, armed, again = 0) {
    return this.#inTurn(name, async () => {
      const part = this.#parts.get(name);
      if (part?.up) return;
      await this.#spawn(name, armed, again);
    });
  }

  /** All of them run and answer. */
  async ready() {
    await Promise.all([...this.#turns.values()]);
    await Promise.all([...this.#parts.keys()].map((name) =>
      until(async () => (await fetch(`${this.#stack.url(name)}/readyz`, { signal: AbortSignal.timeout(2000) })).ok, { deadline: 60, what: `${name} is ready` })));
  }

  #know(name, { up, pid }) {
    this.#parts.set(name, { up, pid, armed: undefined });
  }

  #inTurn(name, work) {
    const service = serviceOf(name);
    const turn = (this.#turns.get(service) ?? Promise.resolve()).then(work);
    this.#turns.set(service, turn.catch(() => {}));
    return turn;
  }

  #down(name, how) {
    return this.#inTurn(name, async () => {
      const part = this.#parts.get(name);
      if (part) Object.assign(part, { up: false, armed: undefined });
      await this.#stack[how](name);
      this.tell(`${how} ${name}`);
    });
  }

  /** The settings file is read by the start alone, and starts of a service come one after the other. */
  async #spawn(name, armed, again) {
    const part = this.#parts.get(name);
    if (!part) { // postgres, kafka
      await this.#stack.start(name);
      this.tell(`started ${name}`);
      return;
    }
    const service = serviceOf(name);
    const lines = Object.entries({ ...this.#settings[service], ...armed }).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(this.#stack.runDir, 'settings', `${service}.env`), lines.join(''));
    try {
      await this.#stack.start(name, { ready: false });
    } catch (error) {
      if (!armed) throw error;
      this.tell(`${name} ended at its crash point as it started`);
      return again > 0 ? this.#spawn(name, armed, again - 1) : this.#spawn(name);
    }
    Object.assign(part, { up: true, pid: this.#pidOf(name), armed, again });
    this.tell(`started ${name}${armed ? ' with a crash point' : ''}`);
  }

  #pidOf(name) {
    return Number(readFileSync(join(this.#stack.runDir, 'pids', name), 'utf8'));
  }

  #look() {
    for (const [name, part] of this.#parts) {
      if (!part.up || isAlive(part.pid)) continue;
      if (!part.armed) this.died.push(name);
      this.tell(part.armed ? `${name} ended at its crash point` : `${name} ended by itself`);
      const { armed, again } = part;
      Object.assign(part, { up: false, armed: undefined });
      this.start(name, again > 0 ? armed : undefined, again - 1).catch((error) => {
        this.died.push(name);
        this.tell(`${name} does not start again: ${error.message}`);
      });
    }
  }
}
