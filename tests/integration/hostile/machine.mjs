// A hand on a deployment's machine: its owner's calls to OVH, and a shell on it with the deployment's own key.

import { createDecipheriv } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../harness/command.mjs';
import { readEnv } from '../../harness/env.mjs';
import { until } from '../../harness/wait.mjs';
import { ovh, row, world } from './world.mjs';

const SSH_PORT = process.getuid() === 0 ? 22 : 2222;
const OPTIONS = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=5'];
const PLAIN_NAME = 'ssh_private_key';

let folder;

export async function forgetKeys() {
  if (folder) rmSync(folder, { recursive: true, force: true });
}

/** Opens a sealed secret as the services do: see common/seal. */
function opened(sealed, owner, name) {
  const { MASTER_KEYS } = readEnv(join(world.stack.runDir, 'credentials.env'));
  const key = Buffer.from(MASTER_KEYS.slice(MASTER_KEYS.indexOf(':') + 1), 'base64');
  const box = Buffer.from(sealed.split('.')[2], 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, 12));
  decipher.setAAD(Buffer.from(`v1 ${owner.length}:${owner} ${name.length}:${name}`));
  decipher.setAuthTag(box.subarray(-16));
  return Buffer.concat([decipher.update(box.subarray(12, -16)), decipher.final()]);
}

async function keyFile(id) {
  const [{ sealed }] = await world.stack.psql(`select sealed from secrets where deployment_id = '${id}' and name = '${PLAIN_NAME}'`);
  folder ??= mkdtempSync(join(tmpdir(), 'hostile-'));
  const file = join(folder, id);
  writeFileSync(file, opened(sealed, id, PLAIN_NAME), { mode: 0o600 });
  return file;
}

/** A shell on the deployment's machine that goes on with today's address and key, whatever becomes of them. */
export async function door(id) {
  const { ip } = (await row('server', id)).notes;
  const args = ['-F', 'none', '-i', await keyFile(id), '-p', String(SSH_PORT), ...OPTIONS.flatMap((option) => ['-o', option]), `debian@${ip}`];
  return async (command) => (await run('ssh', [...args, command], { timeout: 20, input: '' })).stdout;
}

/** Runs a command on the deployment's machine; `breaks`: the connection does not survive it. */
export async function on(id, command, { breaks = false } = {}) {
  const done = (await door(id))(command);
  return breaks ? done.catch(() => undefined) : done;
}

const service = async (id) => (await row('server', id)).notes.service_name;

/** Once OVH is done with what it is at; and then until it has done this. */
async function task(id, action, json) {
  const name = await service(id);
  const begun = await until(() => ovh('POST', `/vps/${name}/${action}`, json), { what: `OVH takes ${action}` });
  await until(async () => (await ovh('GET', `/vps/${name}/tasks/${begun.id}`)).state === 'done', { what: `${action} is done` });
}

/** "stop", "start" or "reboot". */
export const power = (id, action) => task(id, action);

/** A fresh disk with our key, and so with a host key that nobody knows. */
export async function rebuilt(id) {
  const { notes } = await row('server', id);
  await task(id, 'rebuild', { imageId: notes.image, publicSshKey: notes.public_key, doNotSendPassword: true });
}
