// A booted machine's console, as its provider has it: commands as root inside, without its network, keys or logins. For
// looking at machines that belong to the product, whose keys nobody else has.

import { readFileSync, readdirSync } from 'node:fs';

import { run } from '../harness/command.mjs';

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has just gone
  }
};

/** The host's number of the machine's first process, or undefined. The sandbox names a machine's group after its address. */
function initOf(ip) {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).find((pid) =>
    read(`/proc/${pid}/cgroup`).includes(`/${ip}/`) && /^NSpid:.*\s1$/m.test(read(`/proc/${pid}/status`)) && read(`/proc/${pid}/comm`) === 'systemd\n');
}

export async function onConsole(ip, command, { timeout = 300, input } = {}) {
  const pid = initOf(ip);
  if (!pid) throw new Error(`there is no machine ${ip}`);
  const clean = ['env', '-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8'];
  const { stdout } = await run('nsenter', ['-t', pid, '-m', '-u', '-i', '-n', '-p', '--', ...clean, 'bash', '-c', command], { timeout, input });
  return stdout;
}

export const isThere = (ip) => initOf(ip) !== undefined;
