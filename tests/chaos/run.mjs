// One run: the plan's storm over a running stack, then calm, and what must be true then.

import { until, sleep } from '../harness/wait.mjs';
import { CHECKS } from './checks.mjs';
import { echo, poison } from './echo.mjs';
import { Person } from './person.mjs';
import { FINAL, rowsOf, stateOf, unrest, worldUnrest } from './state.mjs';

const LOOK_MS = 30;
const STILL_LOOKS = 8;
const STORM_MOST_MS = 5000; // scripts that still wait for a status then wait in vain
const REST_S = 60;
const RETRIES = 12; // a hasty gateway may find a retry late, too; each goes on where the last one was

export class Run {
  constructor(world, plan) {
    this.world = world;
    this.plan = plan;
    this.began = Date.now();
    this.names = new Map(); // deployment id: A, B, …
    this.statuses = new Map();
    this.stormOver = false;
    this.blownOver = false;
    this.violations = [];
    this.story = [];
  }

  get api() {
    return this.world.api;
  }

  tell(text) {
    this.story.push(`${String(Date.now() - this.began).padStart(6)} ms  ${text}`);
  }

  violates(invariant, id, text) {
    const violation = { invariant, id, text: `${this.names.get(id) ?? ''} ${text}`.trim() };
    if (!this.violations.some((one) => one.invariant === invariant && one.text === violation.text)) this.violations.push(violation);
    this.tell(`VIOLATION ${invariant}: ${violation.text}`);
  }

  born(id, name) {
    this.names.set(id, name);
    this.tell(`${name} is ${id}`);
  }

  statusOf(id) {
    return this.statuses.get(id);
  }

  get ids() {
    return [...this.names.keys()];
  }

  async play() {
    this.world.parts.tell = (text) => this.tell(text);
    const people = this.plan.deployments.map((script, i) => new Person(this, script, String.fromCharCode(65 + i)));
    await this.#storm(people);
    await this.#rest('after the storm');
    if (await this.#afterwards(people)) await this.#rest('afterwards');
    await Promise.all(people.filter((person) => person.id).map((person) => person.decide('destroy')));
    await this.#rest('after destroying everything');
    for (const id of this.ids) if (this.statusOf(id) !== 'DESTROYED') this.violates('everything comes to rest', id, `is ${this.statusOf(id)}, not DESTROYED`);
  }

  async #storm(people) {
    const { sandbox, parts } = this.world;
    await sandbox.settings(Object.assign({}, ...this.plan.moods));
    if (this.plan.faults.length) await sandbox.faults(this.plan.faults);
    await parts.arm(this.plan.arms);
    this.tell('the storm begins');
    const watching = this.#watch();
    const late = setTimeout(() => (this.stormOver = true), STORM_MOST_MS);
    const blows = Promise.all(this.plan.blows.map((blow) => this.#blow(blow))).then(() => (this.blownOver = true));
    await Promise.all([blows, ...people.map((person) => person.play())]);
    clearTimeout(late);
    this.stormOver = true;
    await watching;
    await this.world.calm();
    await parts.ready().catch((error) => this.violates('everything comes to rest', undefined, error.message));
    this.tell('calm');
  }

  /** Statuses as they change, for scripts that wait for one. When nothing is to come any more, they wait in vain. */
  async #watch() {
    let still = 0;
    while (!this.stormOver) {
      await this.#look().catch(() => {}); // the database may be down
      const all = [...this.statuses.values()];
      const over = this.blownOver && all.length === this.plan.deployments.length && all.every((status) => FINAL.includes(status));
      still = over ? still + 1 : 0;
      if (still > STILL_LOOKS) this.stormOver = true;
      await sleep(LOOK_MS);
    }
  }

  async #look() {
    if (!this.names.size) return;
    for (const { id, status } of await this.world.sql.rows(`select id, status from deployments where id = any('{${this.ids.join(',')}}')`)) {
      if (this.statuses.get(id) !== status) this.tell(`${this.names.get(id)}: ${status}`);
      this.statuses.set(id, status);
    }
  }

  async #blow({ ms, kind, part, downMs, topic, picks, shape }) {
    await sleep(ms);
    try {
      if (kind === 'echo') {
        const again = await echo(this.world.stack, topic, picks, this.ids);
        this.tell(`again on ${topic}: ${again.join(', ') || 'nothing yet'}`);
        return;
      }
      if (kind === 'poison') {
        await poison(this.world.stack, topic, shape, this.ids);
        this.tell(`poison on ${topic}`);
        return;
      }
      await this.world.parts[kind](part);
      await sleep(downMs);
      await this.world.parts.start(part);
    } catch (error) {
      this.tell(`${kind} ${part ?? topic}: ${error.message.split('\n')[0]}`); // Kafka may be down, too
      if (part) await this.world.parts.start(part);
    }
  }

  /** What the plan has people do when the sky is clear again: true when anything was done. */
  async #afterwards(people) {
    const done = await Promise.all(people.map(async (person) => {
      const { after } = person.script;
      const status = this.statusOf(person.id);
      if (after === 'restart' && status === 'READY') return person.decide('restart').then(() => true);
      if (after === 'reinstall' && ['READY', 'ERROR'].includes(status)) return this.#reinstalled(person);
      if (after !== 'retry' || status !== 'ERROR') return false;
      await this.#retried(person);
      return true;
    }));
    return done.includes(true);
  }

  async #reinstalled(person) {
    await person.decide('reinstall');
    const { status } = await this.#restOf(person.id);
    if (status === 'ERROR') await this.#retried(person); // without a machine yet, or with a hasty gateway
    return true;
  }

  async #retried(person) {
    const messages = [];
    for (let i = 0; i < RETRIES; i++) {
      await person.decide('retry');
      const { status, message } = await this.#restOf(person.id);
      if (status !== 'ERROR') return;
      messages.push(message);
    }
    this.violates('a retry in good weather ends READY', person.id, messages.join(' / '));
  }

  async #restOf(id) {
    let found;
    await until(async () => {
      [found] = (await stateOf(this.world.sql, [id])).deployments;
      return !this.#unrest(found);
    }, { deadline: REST_S, what: 'rest', every: 0.05 }).catch(() => {}); // said by the check that follows
    return found;
  }

  #unrest(deployment) {
    return unrest(deployment, this.plan.impatient);
  }

  /** Waits until nothing moves, twice in a row, and checks everything. */
  async #rest(when) {
    let calm = 0;
    let why;
    let state;
    await until(async () => {
      state = await stateOf(this.world.sql, this.ids);
      why = worldUnrest({ ...state, late: (await this.world.sandbox.ledger()).late });
      for (const d of state.deployments) why ??= this.#unrest(d) && `${this.names.get(d.id)}: ${this.#unrest(d)}`;
      calm = why ? 0 : calm + 1;
      return calm >= 3;
    }, { deadline: REST_S, what: 'rest', every: 0.05 }).catch(() => this.violates('everything comes to rest', undefined, `${when}, after ${REST_S} s: ${why}`));
    await this.#look();
    this.tell(`at rest ${when}`);
    if (state) await this.#check(state, when);
  }

  async #check(state, when) {
    const [ledger, rows] = [await this.world.sandbox.ledger(), await rowsOf(this.world.sql)];
    const facts = { ...state, world: this.world, ledger, rows, said: this.world.logs.look() };
    for (const [invariant, check] of Object.entries(CHECKS)) {
      for (const [id, text] of await check(facts)) this.violates(invariant, id, `${when}: ${text}`);
    }
  }
}
