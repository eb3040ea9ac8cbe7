// The network of the machines: one link from the host to a namespace of its own, in which a bridge joins the machines.
// It lives as long as the process that holds that namespace, so nothing of it outlives the sandbox.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DEADLINE_MS = 10000;

export const BRIDGE = 'machines';

export class Network {
  #anchor = null;

  // net: the first three numbers of the addresses
  constructor(net) {
    if (!/^198\.1[89]\.\d{1,3}$/.test(net)) throw new Error(`${net} is no network for machines: 198.18.N or 198.19.N`);
    this.net = net;
    this.host = `${net}.1`;
    this.link = `oc-${net.replaceAll('.', '-')}`;
  }

  async open() {
    const ours = await readlink('/proc/self/ns/net');
    this.#anchor = spawn('unshare', ['-n', 'sleep', 'infinity'], { stdio: 'ignore' });
    this.#anchor.on('error', () => {});
    const late = Date.now() + DEADLINE_MS;
    for (;;) {
      const theirs = await readlink(`/proc/${this.#anchor.pid}/ns/net`).catch(() => ours);
      if (theirs !== ours) break;
      if (Date.now() > late) throw new Error('no network namespace could be made');
      await sleep(5);
    }
    await this.#link(late);
    await this.#ip('address', 'add', `${this.host}/24`, 'dev', this.link);
    await this.#ip('link', 'set', this.link, 'up');
    for (const words of [['link', 'add', BRIDGE, 'type', 'bridge'], ['link', 'set', 'uplink', 'master', BRIDGE, 'up'],
      ['link', 'set', BRIDGE, 'up'], ['link', 'set', 'lo', 'up']]) await this.inside('ip', ...words);
  }

  // A link of the same name may still be going away with its last owner.
  async #link(late) {
    for (;;) {
      try {
        await this.#ip('link', 'add', this.link, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', String(this.#anchor.pid));
        return;
      } catch (error) {
        if (!/exists/.test(error.stderr) || Date.now() > late) throw error;
        await sleep(50);
      }
    }
  }

  #ip(...words) {
    return run('ip', words, { timeout: DEADLINE_MS });
  }

  // Words to put before a command that shall run in the machines' network.
  get prefix() {
    return ['nsenter', `--net=/proc/${this.#anchor.pid}/ns/net`, '--'];
  }

  inside(...words) {
    const [command, ...rest] = [...this.prefix, ...words];
    return run(command, rest, { timeout: DEADLINE_MS });
  }

  async close() {
    const anchor = this.#anchor;
    this.#anchor = null;
    if (!anchor?.pid || anchor.exitCode !== null) return;
    const gone = once(anchor, 'exit');
    anchor.kill('SIGKILL');
    await gone;
  }
}
