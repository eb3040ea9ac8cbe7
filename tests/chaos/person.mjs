// One deployment's person: clicks by its script, again and again until answered. Every answer is judged.

import { randomUUID } from 'node:crypto';
import { HttpError } from '../harness/http.mjs';
import { sleep, until } from '../harness/wait.mjs';
import { STATUSES } from './tables.mjs';

const ANSWER_S = 45;
const NOT_NOW = [429, 502, 503, 504]; // a link comes from the machine, which may be in trouble; nothing is owed afterwards

export class Person {
  /** `run` knows the statuses, whether the storm is over, and takes violations. */
  constructor(run, script, name) {
    this.run = run;
    this.script = script;
    this.name = name;
  }

  async play() {
    await sleep(this.script.clickMs);
    const key = randomUUID();
    const clicks = Array.from({ length: this.script.clicks }, () => this.#click('deploy', () => this.run.api.deploy({ key })));
    const made = (await Promise.all(clicks)).map((deployment) => deployment?.id).filter(Boolean);
    if (new Set(made).size > 1) this.run.violates('one click, one deployment', made[0], `twins of one Idempotency-Key made ${made.join(', ')}`);
    if (!made.length) return;
    this.id = made[0];
    this.run.born(this.id, this.name);
    for (const step of this.script.steps) await this.#step(step);
  }

  async #step({ when, click, times = 1 }) {
    if (when.ms !== undefined) await sleep(when.ms);
    else if (!(await this.#reaches(when.status))) return;
    await Promise.all(Array.from({ length: times }, () => this.decide(click)));
  }

  /** A status too short to be seen counts when a later one is there. False: the storm is over, or it went elsewhere. */
  async #reaches(wanted) {
    let there = false;
    await until(() => {
      const now = this.run.statusOf(this.id);
      const at = STATUSES.indexOf(now);
      there = now === wanted || (at >= 0 && wanted !== 'ERROR' && at >= STATUSES.indexOf(wanted));
      return there || this.run.stormOver || (wanted !== 'ERROR' && ['ERROR', 'DESTROYING', 'DESTROYED'].includes(now));
    }, { deadline: 120, what: wanted, every: 0.02 });
    return there;
  }

  /** 'destroy', 'retry', 'restart', 'reinstall', 'open': accepted, or refused because the status is another by now (409). */
  decide(what) {
    return this.#click(what, () => this.run.api[what](this.id));
  }

  async #click(what, call) {
    let answer;
    await until(async () => {
      try {
        answer = await call();
        this.run.tell(`${this.name}: ${what}: accepted`);
        return true;
      } catch (error) {
        if (!(error instanceof HttpError)) throw error; // nobody there; ask again
        if (error.status === 409) {
          this.run.tell(`${this.name}: ${what}: refused`);
          return true;
        }
        if (what === 'open' && NOT_NOW.includes(error.status)) {
          this.run.tell(`${this.name}: ${what}: not now`);
          return true;
        }
        if (error.status !== 503) this.run.violates('the gateway answers', this.id, error.message);
        throw error;
      }
    }, { deadline: ANSWER_S, what, every: 0.1 }).catch((error) => this.run.violates('the gateway answers', this.id, error.message));
    return answer;
  }
}
