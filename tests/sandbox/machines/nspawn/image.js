// The disk a rebuilt machine starts from: Debian 12 (SANDBOX_DEBIAN=trixie: 13) as a provider's image has it, made once by
// debootstrap and kept.
// Machines see it through an overlay, so it is never changed after it was made.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RELEASES = ['bookworm', 'trixie'];
const CODENAME = process.env.SANDBOX_DEBIAN || RELEASES[0];
if (!RELEASES.includes(CODENAME)) throw new Error(`SANDBOX_DEBIAN is ${CODENAME}, not one of ${RELEASES.join(', ')}`);
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'openssh-server', 'sudo', 'iproute2', 'iputils-ping',
  'python3-minimal', 'ca-certificates', 'curl', 'procps', 'less'];
const BUILD_DEADLINE_MS = 30 * 60000;

// They tell how this disk was made, and from which address.
const LOGS = ['bootstrap.log', 'dpkg.log', 'alternatives.log'];

const NOT_AT_BOOT = ['systemd-networkd-wait-online.service', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer', 'fstrim.timer'];

// What a provider's image would come with, too.
const FILES = {
  'etc/nsswitch.conf': 'passwd: files systemd\ngroup: files systemd\nshadow: files\nhosts: files\nnetworks: files\nservices: files\n',
  'etc/resolv.conf': '# Names are not known here, and asking fails at once.\nnameserver 127.0.0.1\n',
  'etc/default/locale': 'LANG=C.UTF-8\n',
  'etc/ssh/sshd_config.d/50-cloud.conf': 'PasswordAuthentication no\nPermitRootLogin prohibit-password\nMaxStartups 100\n',
  'etc/sudoers.d/90-sudo-group': '%sudo ALL=(ALL) NOPASSWD:ALL\n',
};

// In namespaces of its own, so that none of its mounts outlives it.
function build(root, mirror, proxy) {
  return new Promise((resolve, reject) => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '-mpf', '--kill-child', '--mount-proc', '--propagation', 'private',
      'debootstrap', '--variant=minbase', `--include=${PACKAGES.join(',')}`, CODENAME, root, mirror],
    { env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', HOME: '/root', http_proxy: proxy }, timeout: BUILD_DEADLINE_MS, stdio: ['ignore', 'pipe', 'pipe'] });
    let last = '';
    const note = (text) => { last = (last + text).slice(-2000); };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.on('error', reject);
    child.on('close', (status, signal) => (status === 0 ? resolve() : reject(new Error(`debootstrap failed (${status ?? signal}): ${last.split('\n').slice(-8).join('\n')}`))));
  });
}

// The host's sources as those of the machines' release.
export function sourcesFor(sources) {
  return sources.apt.map(({ uri, part }) => ({ uri, suite: CODENAME + part }));
}

async function finish(root) {
  for (const folder of ['var/cache/apt/archives', 'var/lib/apt/lists']) {
    await rm(join(root, folder), { recursive: true, force: true });
    await mkdir(join(root, folder, 'partial'), { recursive: true });
  }
  for (const log of LOGS) await rm(join(root, 'var/log', log), { force: true });
  for (const kind of ['rsa', 'ecdsa', 'ed25519']) {
    for (const end of ['', '.pub']) await rm(join(root, `etc/ssh/ssh_host_${kind}_key${end}`), { force: true });
  }
  await rm(join(root, 'etc/apt/sources.list'), { force: true });
  for (const [name, text] of Object.entries(FILES)) {
    await rm(join(root, name), { force: true });
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text, { mode: name.startsWith('etc/sudoers') ? 0o440 : 0o644 });
  }
  const units = join(root, 'etc/systemd/system');
  await mkdir(join(units, 'multi-user.target.wants'), { recursive: true });
  await symlink('/lib/systemd/system/systemd-networkd.service', join(units, 'multi-user.target.wants/systemd-networkd.service'));
  for (const unit of NOT_AT_BOOT) {
    await rm(join(units, unit), { force: true });
    await symlink('/dev/null', join(units, unit));
  }
}

// Changes whenever the image would.
export async function imageName() {
  const recipe = await readFile(fileURLToPath(import.meta.url), 'utf8');
  return `base-${CODENAME}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`;
}

// proxy: the gate's address; box: a folder for what is not finished.
export async function makeImage(folder, box, sources, proxy) {
  console.log('sandbox: making the Debian image of the machines (once)');
  const half = join(box, 'image');
  const [{ uri }] = sources.apt.filter(({ part }) => part === '');
  await build(half, uri, proxy);
  await finish(half);
  await rename(half, join(folder, await imageName()));
}
