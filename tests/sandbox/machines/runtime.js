// What every machine shares, read only, at /opt/.rt: the two small C programs, the stand-ins for system commands, the
// packages that apt-get and npm "install", and Node. Prepared once per start of the sandbox.

import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readFile, readdir, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));

// The account the machines' processes run as when the sandbox is root; inside its own namespace it is "debian".
const UNUSED_ACCOUNT = 61234;

async function compile(name, folder) {
  const source = join(here, `${name}.c`);
  const binary = join(folder, name);
  const [code, built] = await Promise.all([stat(source), stat(binary).catch(() => null)]);
  if (built && built.mtimeMs > code.mtimeMs) return binary;
  await run('cc', ['-O2', '-o', `${binary}.${process.pid}`, source], { timeout: 60000 });
  await run('mv', ['-f', `${binary}.${process.pid}`, binary]);
  return binary;
}

async function copyReadable(from, to) {
  await cp(from, to, { recursive: true });
  for (const name of await readdir(to)) await chmod(join(to, name), 0o755);
}

// A machine sees the host's /usr except /usr/local; a Node from elsewhere is copied.
async function provideNode(folder) {
  const node = process.execPath;
  const visible = node.startsWith('/usr/') && !node.startsWith('/usr/local/');
  if (visible) return symlink(node, join(folder, 'node'));
  await copyFile(node, join(folder, 'node'));
  return chmod(join(folder, 'node'), 0o755);
}

async function serverVersion() {
  // OpenSSH 9.2 does not know -V and says its version while complaining.
  const { stderr = '', stdout = '' } = await run('/usr/sbin/sshd', ['-V'], { timeout: 10000 }).catch((e) => e);
  const [, major = '0', minor = '0'] = /OpenSSH_(\d+)\.(\d+)/.exec(stderr + stdout) ?? [];
  return Number(major) * 100 + Number(minor);
}

// An ordinary user is "root" in the namespace that `run` made, with no other account to turn into.
async function otherAccount() {
  const ranges = (await readFile('/proc/self/uid_map', 'utf8')).trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const mapped = ranges.some(([first, , count]) => UNUSED_ACCOUNT >= first && UNUSED_ACCOUNT < first + count);
  return process.getuid() === 0 && mapped ? UNUSED_ACCOUNT : null;
}

export async function prepareRuntime(dir, state) {
  const built = join(dir, 'bin');
  const root = join(state, 'rt');
  await rm(root, { recursive: true, force: true });
  for (const folder of [built, state, root, join(root, 'sbin'), join(root, 'bin')]) {
    await mkdir(folder, { recursive: true, mode: 0o755 });
  }
  for (const name of ['inetd', 'attach']) {
    await copyFile(await compile(name, built), join(root, 'sbin', name));
    await chmod(join(root, 'sbin', name), 0o755);
  }
  await copyReadable(join(here, 'standins'), join(root, 'standins'));
  await copyReadable(join(here, 'packages'), join(root, 'packages'));
  await provideNode(join(root, 'bin'));
  return {
    root,
    account: await otherAccount(),
    sshServerVersion: await serverVersion(),
  };
}
