// What the machines' tests share: one fleet, and what an installer and a user do with a machine of it.

import assert from 'node:assert/strict';
import { mkdtemp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Machines } from '../../machines.js';
import { get, makeKey, ssh, until } from '../client.js';

const SETUP = join(dirname(fileURLToPath(import.meta.url)), '../../../../build/setup.sh');
export const HOME = '/home/debian/openclaw-setup';
const { SANDBOX_NET: net, SANDBOX_SSH_PORT: sshPort } = process.env;
export const { SANDBOX_DIR: dir, SANDBOX_HTTPS_PORT: httpsPort } = process.env;
export const KEY = 'sk-or-v1-0123456789abcdef0123456789abcdef';
export const TOKEN = 'f00dfeed'.repeat(8);

// What the script does with its values does not depend on who runs the sandbox.
export const scriptAlone = { skip: process.env.SANDBOX_BRIEF && 'shown by the other account' };

export const settings = { boot: 0, setup: 0 };
export let machines;
let key;
let ca;

before(async () => {
  machines = new Machines({ dir, net, sshPort, httpsPort, settings });
  await machines.start();
  ca = await readFile(join(dir, 'ca.pem'));
  key = await makeKey(await mkdtemp(join(dir, 'keys-')), 'deployment');
});

after(() => machines.close());

let lastAddress = 0;
export async function rebuilt(name = `vps-${lastAddress + 1}`, publicKey = key.publicKey) {
  const ip = machines.get(name)?.ip ?? `${net}.1.${lastAddress += 1}`;
  await machines.rebuild({ name, ip, hostname: `${name}.example`, publicKey, user: 'debian' });
  return { name, ssh: { ip, port: sshPort, key }, https: { ip, port: httpsPort, ca }, ip };
}

export async function command(machine, line, input) {
  const { status, output, errors } = await ssh(machine.ssh, line, input);
  assert.equal(status, 0, `${line}: ${output}${errors}`);
  return output;
}

export const setup = (machine, words) => command(machine, `sudo -n /bin/bash ${HOME}/setup.sh ${words}`);

export async function upload(machine, changes = {}) {
  const values = { OPENROUTER_API_KEY: KEY, GATEWAY_TOKEN: TOKEN, VPS_IP: machine.ip, VPS_HOSTNAME: `${machine.name}.example`,
    OPENCLAW_VERSION: '2026.9.6', OPENCLAW_MODEL: 'openrouter/google/gemini-3-flash-preview',
    DASHBOARD_ORIGIN: 'http://127.0.0.1:9000', SKILLS: '', RUN_ID: 'run-1', ...changes };
  const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`);
  await command(machine, `mkdir -p -m 700 ${HOME} && cat >${HOME}/setup.sh`, await readFile(SETUP));
  await command(machine, `umask 077 && cat >${HOME}/setup.env`, lines.join(''));
}

// { status, offset, log } from the three parts that "follow" prints
export async function follow(machine, from = 0) {
  const [, status, offset, log] = /^(.*)\noffset (\d+)\n\n([^]*)$/.exec(await setup(machine, `follow ${from}`));
  return { status, offset: Number(offset), log };
}

export async function finished(machine) {
  let log = '';
  let offset = 0;
  const status = await until('the setup ends', async () => {
    const seen = await follow(machine, offset);
    log += seen.log;
    offset = seen.offset;
    return /^(done|failed)/.test(seen.status) && seen.log === '' && seen.status;
  });
  return { status, log };
}

export async function installed() {
  const machine = await rebuilt();
  await upload(machine);
  await setup(machine, 'start');
  assert.equal((await finished(machine)).status, 'done');
  return machine;
}

export const answers = (machine) => get(machine.https, '/readyz').then(({ status }) => status === 200, () => false);
export const refused = (machine) => get(machine.https).then(() => false, ({ code }) => code === 'ECONNREFUSED');
