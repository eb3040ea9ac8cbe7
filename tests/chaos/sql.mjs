// One psql that stays: many small questions a second without a process for each. When the database goes away it is
// opened again by the next question.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

export class Sql {
  #url;
  #child;
  #turn = Promise.resolve();

  constructor(url) {
    this.#url = url;
  }

  /** The rows of a query, as objects. One question at a time. */
  rows(query) {
    const answer = this.#turn.then(() => this.#ask(`select coalesce(json_agg(q), '[]') from (${query}) q;`)).then(JSON.parse);
    this.#turn = answer.catch(() => {});
    return answer;
  }

  /** A statement that gives no rows. */
  run(statement) {
    const answer = this.#turn.then(() => this.#ask(`${statement};`));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  close() {
    this.#child?.kill();
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
      const late = setTimeout(() => child.kill('SIGKILL'), 15000);
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
      const closed = () => done(reject, new Error(`psql: ${trouble.trim() || 'the connection is gone'}`));
      child.stdout.on('data', hear);
      child.stderr.on('data', complain);
      child.on('close', closed);
      child.stdin.write(`${sql}\n\\echo ${mark}\n`);
    });
  }
}
