// One psql that stays: many small questions a second without a process and a sign-in for each. When the database went away
// since the last question, the next one opens it again.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

const LIMIT_MS = 30000;
const CONNECTION_LOST = 2; // psql's exit code

export class Sql {
  #url;
  #child;
  #turn = Promise.resolve();

  constructor(url) {
    this.#url = url;
  }

  /** The rows of a query, as objects. One question at a time. */
  rows(query) {
    const sql = `select coalesce(json_agg(q), '[]') from (${query.replace(/;\s*$/, '')}\n) q;`;
    return this.#next(() => this.#askAgain(sql)).then(JSON.parse);
  }

  /** A statement that gives no rows. */
  run(statement) {
    return this.#next(() => this.#ask(`${statement};`));
  }

  /** Until the next question. */
  close() {
    this.#child?.kill();
    this.#child = undefined;
  }

  #next(question) {
    const answer = this.#turn.then(question);
    this.#turn = answer.catch(() => {});
    return answer;
  }

  /** Asks a fresh psql when one that had answered before has lost its connection meanwhile: reading twice does no harm. */
  async #askAgain(sql) {
    const old = this.#child;
    try {
      return await this.#ask(sql);
    } catch (error) {
      if (!old || error.code !== CONNECTION_LOST) throw error;
      return this.#ask(sql);
    }
  }

  #open() {
    const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', this.#url];
    const child = spawn('psql', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.on('error', () => {}); // told by its end
    child.stdout.setEncoding('utf8');
    child.stderr.setEncoding('utf8');
    child.on('close', () => {
      if (this.#child === child) this.#child = undefined;
    });
    this.#child = child;
    return child;
  }

  #ask(sql) {
    const child = this.#child ?? this.#open();
    const mark = randomUUID();
    return new Promise((resolve, reject) => {
      let out = '';
      let trouble = '';
      const late = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      const done = (settle, value) => {
        clearTimeout(late);
        child.stdout.removeListener('data', hear);
        child.stderr.removeListener('data', complain);
        child.removeListener('close', closed);
        settle(value);
      };
      const hear = (text) => {
        out += text;
        const end = out.indexOf(mark);
        if (end >= 0) done(resolve, out.slice(0, end).trim());
      };
      const complain = (text) => (trouble += text);
      const closed = (code) => done(reject, Object.assign(new Error(`psql: ${trouble.trim() || `ended with ${code}`}`), { code }));
      child.stdout.on('data', hear);
      child.stderr.on('data', complain);
      child.on('close', closed);
      child.stdin.write(`${sql}\n\\echo ${mark}\n`);
    });
  }
}
