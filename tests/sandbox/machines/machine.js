// One machine: a bubblewrap root with its own process, network and user namespace, whose first process serves SSH on a
// socket that was opened out here. Killing bubblewrap is pulling the plug: everything inside is gone, the disk stays.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bridge } from './bridge.js';
import { formatDisk, wipeDisk } from './disk.js';
import { Front } from './front.js';
import { listen } from './listen.js';

const BOOT_DEADLINE_MS = 15000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class Machine {
  #options;
  #root;
  #bwrap = null;
  #bridge;
  #front;

  constructor({ name, ip, hostname, publicKey, user }, options) {
    Object.assign(this, { name, ip, hostname, publicKey, user });
    this.#options = options;
    this.#root = join(options.state, ip);
    this.#front = new Front({ ip, name, hostname, port: options.httpsPort, gateway: this.#outlet('gateway.sock'), inside: this.#outlet('front.sock'),
      account: options.runtime.account, settings: options.settings, publicCa: options.ca, privateCa: options.privateCa });
    this.#bridge = new Bridge({ path: this.#outlet('outside.sock'), account: options.runtime.account,
      settings: options.settings, front: this.#front });
  }

  get running() {
    return this.#bwrap !== null;
  }

  // The machine's disk as seen from outside, for tests.
  get disk() {
    return this.#root;
  }

  #outlet(name) {
    const path = join(this.#root, 'var/lib/sandbox', name);
    if (path.length > 107) throw new Error(`the path of the sandbox's state is too long for a unix socket: ${path}`);
    return path;
  }

  install() {
    return formatDisk(this.#root, this, this.#options.runtime);
  }

  async boot() {
    await sleep((this.#options.settings.boot ?? 0) * 1000);
    await this.#bridge.open();
    const door = net.createServer();
    await listen(door, this.#options.sshPort, this.ip);
    const booted = this.#bridge.booted();
    const ended = this.#spawn(door._handle.fd);
    door.close(); // bubblewrap holds the socket now; out here nothing may accept from it
    const late = new AbortController();
    try {
      await Promise.race([booted, ended, sleep(BOOT_DEADLINE_MS, null, { signal: late.signal }).then(() => {
        throw new Error(`${this.name} did not boot in time`);
      })]);
    } catch (error) {
      await this.halt();
      throw error;
    } finally {
      late.abort();
    }
  }

  // Resolves never; rejects when the machine ends.
  #spawn(socket) {
    const { account } = this.#options.runtime;
    const console = openSync(join(this.#root, 'var/log/console.log'), 'a', 0o644);
    const bwrap = spawn('bwrap', this.#walls(), {
      stdio: ['ignore', console, console, socket],
      env: { PATH, LANG: 'C.UTF-8' },
      cwd: '/',
      ...(account === null ? {} : { uid: account, gid: account }),
    });
    closeSync(console);
    this.#bwrap = bwrap;
    const ended = new Promise((_, reject) => {
      bwrap.once('error', reject);
      bwrap.once('exit', () => {
        if (this.#bwrap === bwrap) this.#bwrap = null;
        reject(new Error(`${this.name} went down: ${this.#lastWords()}`));
      });
    });
    ended.catch(() => {});
    return ended;
  }

  #lastWords() {
    try {
      return readFileSync(join(this.#root, 'var/log/console.log'), 'utf8').trim().slice(-500);
    } catch {
      return 'it left no message';
    }
  }

  #walls() {
    const root = this.#root;
    const binds = ['etc', 'home', 'root', 'var', 'opt', 'tmp', 'srv'].flatMap((name) => ['--bind', join(root, name), `/${name}`]);
    const shared = this.#options.runtime.root;
    return ['--unshare-user', '--uid', '1000', '--gid', '1000', '--unshare-pid', '--unshare-ipc', '--unshare-net',
      '--unshare-uts', '--hostname', this.hostname, '--die-with-parent',
      '--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/sbin', '/sbin',
      '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--proc', '/proc', '--dev', '/dev',
      '--tmpfs', '/run', '--dir', '/run/sshd', '--dir', '/run/units', '--dir', '/run/systemd/system', ...binds,
      '--bind', join(root, 'usrlocal'), '/usr/local', '--ro-bind', join(shared, 'standins'), '/usr/local/sbin',
      '--ro-bind', shared, '/opt/.rt', '--ro-bind-try', '/etc/alternatives', '/etc/alternatives',
      '--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache', '--ro-bind-try', '/etc/ssl', '/etc/ssl',
      '--', '/bin/sh', '/opt/.rt/packages/boot'];
  }

  async halt() {
    const bwrap = this.#bwrap;
    this.#bwrap = null;
    if (bwrap && bwrap.exitCode === null && bwrap.signalCode === null && bwrap.pid) {
      const exited = once(bwrap, 'exit');
      bwrap.kill('SIGKILL');
      await exited;
    }
    await this.#bridge.close();
    await this.#front.stop();
  }

  async destroy() {
    await this.halt();
    await wipeDisk(this.#root);
  }
}
