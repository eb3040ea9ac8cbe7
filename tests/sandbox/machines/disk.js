// The disk of a fresh machine: what a rebuild leaves behind. A folder that becomes the machine's writable root, owned by
// the account its processes run as.

import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const OS_RELEASE = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
`;

const passwd = (user) => `root:x:0:0:root:/root:/bin/bash
sshd:x:74:74::/run/sshd:/usr/sbin/nologin
${user}:x:1000:1000:Debian:/home/${user}:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`;

const group = (user) => `root:x:0:
sudo:x:27:${user}
${user}:x:1000:
nogroup:x:65534:
`;

// OpenSSH 9.8 brought penalties for failed logins; 9.2 would refuse the word.
const sshdConfig = (user, version) => `HostKey /etc/ssh/host_key
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers ${user}
AuthorizedKeysFile .ssh/authorized_keys
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 1000
Subsystem sftp /usr/lib/openssh/sftp-server
SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
${version >= 908 ? 'PerSourcePenalties no\n' : ''}`;

function files({ hostname, publicKey, user }, version) {
  return {
    'etc/passwd': passwd(user),
    'etc/group': group(user),
    'etc/hostname': `${hostname}\n`,
    'etc/hosts': '127.0.0.1 localhost\n',
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
    'etc/os-release': OS_RELEASE,
    'etc/ssh/sshd_config': sshdConfig(user, version),
    [`home/${user}/.ssh/authorized_keys`]: publicKey ? `${publicKey.trim()}\n` : '',
  };
}

const folders = (user) => ['etc/ssh', 'etc/ssl', 'etc/alternatives', 'etc/systemd/system', 'etc/apt/sources.list.d',
  'etc/apt/keyrings', `home/${user}/.ssh`, 'root', 'var/log', 'var/lib/sandbox', 'var/lib/apt/lists', 'var/tmp',
  'opt/.rt', 'srv', 'tmp', 'usrlocal/sbin', 'usrlocal/bin', 'usrlocal/lib/systemd/system'];

async function giveTo(account, path) {
  await chown(path, account, account);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    await (entry.isDirectory() ? giveTo(account, inside) : chown(inside, account, account));
  }
}

export async function formatDisk(root, machine, { sshServerVersion, account }) {
  await wipeDisk(root);
  for (const folder of folders(machine.user)) await mkdir(join(root, folder), { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(files(machine, sshServerVersion))) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await chmod(join(root, 'home', machine.user, '.ssh'), 0o700);
  await chmod(join(root, 'root'), 0o700);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', machine.hostname, '-f',
    join(root, 'etc/ssh/host_key')], { timeout: 10000 });
  if (account !== null) await giveTo(account, root);
}

export function wipeDisk(root) {
  return rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}
