// A freshly rebuilt machine's disk: the image seen through an overlay, with the machine's own name, keys, user, address
// and the way to its packages written on top.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, chown, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DEADLINE_MS = 30000;

function files({ hostname, ip }, { gateway, sources, registry, options }) {
  const proxy = `http://${gateway}`;
  return {
    'etc/hostname': `${hostname}\n`,
    'etc/hosts': '127.0.0.1 localhost\n', // as bare images have it: without their own name
    'etc/machine-id': `${randomBytes(16).toString('hex')}\n`,
    // No route beyond the network: what is not here is refused at once.
    'etc/systemd/network/10-host0.network': `[Match]\nName=host0\n[Network]\nAddress=${ip}/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n`,
    'etc/apt/sources.list.d/machine.list': sources.map(({ uri, suite }) => `deb ${uri} ${suite} main\n`).join(''),
    'etc/apt/apt.conf.d/80machine': [`Acquire::http::Proxy "${proxy}";`, `Acquire::https::Proxy "${proxy}";`,
      ...Object.entries(options).filter(([, value]) => value).map(([name, value]) => `${name} "${value}";`), ''].join('\n'),
    'root/.npmrc': `registry=${registry}\nproxy=${proxy}\nhttps-proxy=${proxy}\nreplace-registry-host=always\nupdate-notifier=false\n`,
  };
}

export async function formatDisk(folder, machine, world) {
  const root = join(folder, 'root');
  for (const part of ['upper', 'work', 'root']) await mkdir(join(folder, part), { recursive: true, mode: 0o755 });
  await run('mount', ['-t', 'overlay', 'machine', '-o', `lowerdir=${world.image},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`, root],
    { timeout: DEADLINE_MS });
  for (const [name, text] of Object.entries(files(machine, world))) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text, { mode: name.startsWith('root/') ? 0o600 : 0o644 });
  }
  for (const kind of ['ed25519', 'ecdsa']) {
    await run('ssh-keygen', ['-q', '-t', kind, '-N', '', '-C', machine.hostname, '-f', join(root, `etc/ssh/ssh_host_${kind}_key`)], { timeout: DEADLINE_MS });
  }
  if (machine.user !== 'root') {
    await run('chroot', [root, 'useradd', '--create-home', '--shell', '/bin/bash', '--groups', 'sudo', machine.user], { timeout: DEADLINE_MS });
  }
  const home = join(root, machine.user === 'root' ? 'root' : `home/${machine.user}`);
  const { uid, gid } = await lstat(home);
  const keys = join(home, '.ssh');
  await mkdir(keys, { recursive: true });
  await appendFile(join(keys, 'authorized_keys'), machine.publicKey ? `${machine.publicKey.trim()}\n` : '');
  for (const [path, mode] of [[keys, 0o700], [join(keys, 'authorized_keys'), 0o600]]) {
    await chmod(path, mode);
    await chown(path, uid, gid);
  }
  return root;
}

export async function wipeDisk(folder) {
  const root = join(folder, 'root');
  await run('umount', ['-R', root], { timeout: DEADLINE_MS }).catch((error) => {
    if (!/not mounted|no mount point|not found/.test(error.stderr)) throw error;
  });
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
