// The socket through which stand-ins inside a machine talk to the sandbox (attach.c is the other end). A caller sends a
// verb and a file: "booted"; "pause SHARE" is answered after that share of the setting `setup`, as it is by then;
// "validate" and "run" take a Caddyfile, and "run" serves it for as long as the caller stays.

import { once } from 'node:events';
import { chmod, chown, rm } from 'node:fs/promises';
import net from 'node:net';

import { readCaddyfile } from './caddyfile.js';

const LARGEST_MESSAGE = 64 * 1024;
const MOST_CALLERS = 64;
const LOOK_MS = 20;

export class Bridge {
  #options;
  #server = null;
  #callers = new Set();
  #whenBooted = null;

  constructor(options) {
    this.#options = options;
  }

  async open() {
    const { path, account } = this.#options;
    await rm(path, { force: true });
    this.#server = net.createServer((caller) => this.#welcome(caller));
    this.#server.maxConnections = MOST_CALLERS;
    this.#server.listen(path);
    await once(this.#server, 'listening');
    await chmod(path, 0o600);
    if (account !== null) await chown(path, account, account);
  }

  // A promise kept when the next machine reports that it runs.
  booted() {
    return new Promise((resolve) => { this.#whenBooted = resolve; });
  }

  async close() {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    for (const caller of this.#callers) caller.destroy();
    server.close();
    await once(server, 'close');
  }

  // A message is a line with the verb, a line with the size of the file, and the file.
  #welcome(caller) {
    let message = '';
    this.#callers.add(caller);
    caller.setEncoding('latin1');
    caller.on('error', () => {});
    caller.on('close', () => this.#callers.delete(caller));
    caller.on('data', (text) => {
      message += text;
      if (message.length > LARGEST_MESSAGE) caller.destroy();
      const [, verb, size] = /^([^\n]*)\n(\d+)\n/.exec(message) ?? [];
      const start = verb === undefined ? Infinity : verb.length + size.length + 2;
      if (message.length < start + Number(size)) return;
      caller.removeAllListeners('data').resume();
      this.#answer(caller, verb.split(' '), Buffer.from(message.slice(start), 'latin1').toString())
        .catch((error) => caller.end(`error: ${error.message}\n`));
    });
  }

  async #answer(caller, [verb, argument], file) {
    const { settings, front } = this.#options;
    switch (verb) {
      case 'booted':
        caller.end('ok\n');
        this.#whenBooted?.();
        break;
      case 'pause':
        this.#pause(caller, () => (settings.setup ?? 0) * Number(argument));
        break;
      case 'mint':
        this.#pause(caller, () => settings.mint ?? 0);
        break;
      case 'validate':
        readCaddyfile(file);
        caller.end('Valid configuration\n');
        break;
      case 'run':
        await this.#serve(caller, readCaddyfile(file), front);
        break;
      default:
        throw new Error(`unknown verb ${verb}`);
    }
  }

  // As long as the setting says now: a pause in progress ends when the setting becomes shorter.
  #pause(caller, seconds) {
    const began = performance.now();
    const look = () => {
      if (performance.now() - began < seconds() * 1000) return;
      clearInterval(timer);
      caller.end('ok\n');
    };
    const timer = setInterval(look, LOOK_MS);
    caller.on('close', () => clearInterval(timer));
    look();
  }

  // The sites are up exactly as long as the caller is: even a kill -9 inside closes its end of the connection.
  async #serve(caller, config, front) {
    const left = new Promise((resolve) => { caller.once('close', resolve); });
    await front.start(config);
    left.then(() => front.stop());
    if (caller.destroyed) return;
    caller.write('ok\n');
  }
}
