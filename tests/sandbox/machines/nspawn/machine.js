// One booted machine: systemd-nspawn with its own init, in the machines' network. Killing nspawn is pulling the plug; the
// disk stays until it is wiped.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile } from 'node:fs/promises';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Cgroup } from './cgroup.js';
import { formatDisk, wipeDisk } from './disk.js';
import { BRIDGE } from './network.js';

const BOOT_DEADLINE_MS = 60000;
const SHUTDOWN_DEADLINE_MS = 30000;
const LOOK_EVERY_MS = 50;
const WANTS_REBOOT = 133;

// The first line an SSH server says, or null.
function banner(ip) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: ip, port: 22, timeout: 1000 });
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('latin1').once('data', end);
    socket.once('timeout', () => end(null));
    socket.once('error', () => end(null));
    socket.once('close', () => end(null));
  });
}

function kill(pid) {
  try {
    process.kill(Number(pid), 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

// The kernel lets the first process of a system go last. Whether anybody has asked how it ended does not matter.
async function gone(pid) {
  const lives = () => readFile(`/proc/${pid}/stat`, 'utf8').then((stat) => !/\) [ZX] /.test(stat), () => false);
  for (const late = Date.now() + SHUTDOWN_DEADLINE_MS; await lives();) {
    if (Date.now() > late) throw new Error(`process ${pid} of a machine does not end`);
    await sleep(LOOK_EVERY_MS);
  }
}

export class Machine {
  #world;
  #folder;
  #root = null;
  #cgroup;
  #nspawn = null;
  #wanted = false;

  constructor({ name, ip, hostname, publicKey, user }, world) {
    Object.assign(this, { name, ip, hostname, publicKey, user });
    this.#world = world;
    this.#folder = join(world.state, ip);
    this.#cgroup = new Cgroup(world.cgroup, ip);
  }

  get running() {
    return this.#nspawn !== null;
  }

  // The machine's disk as the sandbox sees it, for tests.
  get disk() {
    return this.#root;
  }

  async install() {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 });
    this.#root = await formatDisk(this.#folder, this, this.#world);
  }

  async boot() {
    await sleep((this.#world.settings.boot ?? 0) * 1000);
    await this.#cgroup.make();
    this.#wanted = true;
    this.#start();
    try {
      await this.#answers();
    } catch (error) {
      await this.#pullThePlug();
      throw error;
    }
  }

  #start() {
    const console = openSync(join(this.#folder, 'console.log'), 'a', 0o600);
    const words = [...this.#world.network.prefix, 'systemd-nspawn', '--quiet', `--directory=${this.#root}`, `--machine=${this.ip.replaceAll('.', '-')}`,
      `--hostname=${this.hostname}`, '--boot', `--network-bridge=${BRIDGE}`, '--register=no', '--keep-unit', '--console=pipe', '--link-journal=no',
      '--resolv-conf=off', '--timezone=off'];
    const nspawn = spawn('/bin/sh', ['-c', `${this.#cgroup.enter} && exec "$@"`, 'machine', ...words],
      { stdio: ['ignore', console, console], env: { PATH: process.env.PATH } });
    closeSync(console);
    this.#nspawn = nspawn;
    nspawn.once('error', () => {});
    nspawn.once('exit', (code) => {
      if (this.#nspawn !== nspawn) return;
      this.#nspawn = null;
      if (code === WANTS_REBOOT && this.#wanted) this.#start(); // somebody inside said "reboot"
    });
  }

  // Until the login of ordinary users is open: SSH answers a moment before that.
  async #answers() {
    for (const late = Date.now() + BOOT_DEADLINE_MS; ;) {
      if (!this.#nspawn) throw new Error(`${this.name} went down: ${await this.#lastWords()}`);
      if (/^SSH-/.test(await banner(this.ip) ?? '') && !await this.#loginClosed()) return;
      if (Date.now() > late) throw new Error(`${this.name} did not boot in time: ${await this.#lastWords()}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  // The first process of the system inside, or ''.
  async #init() {
    const { pid } = this.#nspawn ?? {};
    const [init] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).trim().split(' ');
    return init;
  }

  async #loginClosed() {
    return access(`/proc/${await this.#init()}/root/run/nologin`).then(() => true, () => false);
  }

  async #lastWords() {
    return (await readFile(join(this.#folder, 'console.log'), 'utf8').catch(() => '')).trim().slice(-500) || 'it left no message';
  }

  // A shutdown in good order, with a limit.
  async halt() {
    const nspawn = this.#nspawn;
    this.#wanted = false;
    if (!nspawn) return;
    const exited = once(nspawn, 'exit');
    nspawn.kill('SIGTERM');
    const late = setTimeout(() => nspawn.kill('SIGKILL'), SHUTDOWN_DEADLINE_MS);
    await exited;
    clearTimeout(late);
    await this.#cgroup.remove();
  }

  // Over only when the last process inside is: until then the next system with this address would share it with this one.
  async #pullThePlug() {
    const nspawn = this.#nspawn;
    this.#wanted = false;
    if (nspawn) {
      const init = await this.#init();
      const exited = once(nspawn, 'exit');
      if (init) kill(init);
      nspawn.kill('SIGKILL');
      await exited;
      if (init) await gone(init);
    }
    await this.#cgroup.remove();
  }

  async destroy() {
    await this.#pullThePlug();
    await wipeDisk(this.#folder);
  }
}
