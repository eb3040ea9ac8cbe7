// Files that machines download and programs the sandbox runs beside them, made once from what the package registries
// offer and kept: Pebble (the test CA) and Caddy by Go's module proxy, Node from npm, packed as their makers' sites
// offer them. Versions are those the setup script pins.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
const PINS = join(ROOT, 'deploy/vps/pins.sh');
const PEBBLE = '2.10.1';
const NPM = '11.21.2';
const BUILD_DEADLINE_MS = 20 * 60000;
const FETCH_DEADLINE_MS = 5 * 60000;
// How Go says that nobody answers.
const NOBODY_THERE = /dial tcp|no such host|connection refused|network is unreachable|i\/o timeout/;
const exists = (path) => access(path).then(() => true, () => false);
const execute = promisify(execFile);
// Nothing that is started here outlives this process.
const run = (command, words, options) => execute('setpriv', ['--pdeathsig', 'KILL', command, ...words], options);

// What the setup script pins, from its own table.
export async function pins() {
  const script = await readFile(PINS, 'utf8');
  const pin = (name) => new RegExp(`^${name}=(\\S+)`, 'm').exec(script)?.[1] ?? (() => { throw new Error(`deploy/vps/pins.sh pins no ${name}`); })();
  return { node: pin('NODE_VERSION'), caddy: pin('CADDY_VERSION') };
}

// The one that deploy/bootstrap is content with, or has fetched.
async function findGo() {
  const script = '. "$0/deploy/lib/go.sh" && find_go go && printf %s "$go"';
  return (await run('bash', ['-c', script, ROOT], { timeout: 30000 }).catch(() => { throw new Error('there is no Go; run deploy/bootstrap real'); })).stdout;
}

// Builds in a folder of its own and moves the result in place, whole or not at all.
async function make(target, half, build) {
  if (!await exists(target)) await rename(await build(await mkdtemp(join(half, 'artifact-'))), target);
}

function goInstall(target, half, name, source, flags) {
  return make(target, half, async (box) => {
    console.log(`sandbox: building ${name} (once)`);
    const go = await findGo();
    await run(go, ['install', '-trimpath', '-ldflags', `-s -w ${flags}`, source], { timeout: BUILD_DEADLINE_MS, cwd: box,
      env: { ...process.env, HOME: homedir(), GOBIN: box, PATH: `${dirname(go)}:${process.env.PATH}` } })
      .catch((error) => { throw Object.assign(error, { unavailable: NOBODY_THERE.test(error.message) }); });
    return join(box, name);
  });
}

// An archive as Node's makers publish it: bin/node, and npm beside it.
function packNode(target, half, version, arch) {
  const name = `node-v${version}-linux-${arch}`;
  return make(target, half, async (box) => {
    console.log(`sandbox: fetching Node.js ${version} (once)`);
    const options = { timeout: FETCH_DEADLINE_MS, cwd: box, env: { ...process.env, HOME: homedir() } };
    await run('npm', ['pack', '--silent', `node-linux-${arch}@${version}`, `npm@${NPM}`], options);
    const root = join(box, name);
    await mkdir(join(root, 'lib/node_modules/npm'), { recursive: true });
    await run('tar', ['-xzf', `node-linux-${arch}-${version}.tgz`, '-C', root, '--strip-components=1', 'package/bin'], options);
    await run('tar', ['-xzf', `npm-${NPM}.tgz`, '-C', join(root, 'lib/node_modules/npm'), '--strip-components=1'], options);
    for (const tool of ['npm', 'npx']) await symlink(`../lib/node_modules/npm/bin/${tool}-cli.js`, join(root, 'bin', tool));
    await run('tar', ['--owner=0', '--group=0', '-I', 'gzip -1', '-cf', 'packed', name], options);
    return join(box, 'packed');
  });
}

function packCaddy(target, half, caddy) {
  return make(target, half, async (box) => {
    await run('tar', ['--owner=0', '--group=0', '--transform', 's/.*/caddy/', '-I', 'gzip -1', '-cf', join(box, 'packed'), '-C', dirname(caddy),
      caddy.slice(dirname(caddy).length + 1)], { timeout: FETCH_DEADLINE_MS });
    return join(box, 'packed');
  });
}

async function sumOf(file, kind) {
  const sum = createHash(kind);
  await pipeline(createReadStream(file), sum);
  return sum.digest('hex');
}

// { node, caddy, bin, dist, nodeArchive, caddyArchive, pebble, binary, sums }: what there is to be made, and where
async function plan(cache) {
  const [arch, goArch] = { x64: ['x64', 'amd64'], arm64: ['arm64', 'arm64'] }[process.arch] ?? [];
  if (!arch) throw new Error(`there is no Node.js for ${process.arch}`);
  const { node, caddy } = await pins();
  const [bin, dist] = [join(cache, 'bin'), join(cache, 'dist')];
  return { node, caddy, arch, bin, dist, nodeArchive: join(dist, `node-v${node}-linux-${arch}.tar.gz`), pebble: join(bin, `pebble-${PEBBLE}`),
    caddyArchive: join(dist, `caddy_${caddy}_linux_${goArch}.tar.gz`), binary: join(bin, `caddy-${caddy}`), sums: join(dist, `sums-${node}-${caddy}.json`) };
}

// { pebble, dist, values }, or null when it must be made first. values: what setup.env must say so that the machine takes
// these files.
export async function findArtifacts(cache) {
  const { pebble, dist, sums, nodeArchive, caddyArchive } = await plan(cache);
  for (const file of [pebble, sums, nodeArchive, caddyArchive]) if (!await exists(file)) return null;
  return { pebble, dist, values: JSON.parse(await readFile(sums, 'utf8')) };
}

// half: a folder for what is not finished
export async function makeArtifacts(cache, half) {
  const { node, caddy, arch, bin, dist, nodeArchive, caddyArchive, pebble, binary, sums } = await plan(cache);
  for (const folder of [bin, dist]) await mkdir(folder, { recursive: true });
  const caddyMade = goInstall(binary, half, 'caddy', `github.com/caddyserver/caddy/v2/cmd/caddy@v${caddy}`,
    `-X github.com/caddyserver/caddy/v2.CustomVersion=v${caddy}`).then(() => packCaddy(caddyArchive, half, binary));
  await Promise.all([caddyMade, packNode(nodeArchive, half, node, arch),
    goInstall(pebble, half, 'pebble', `github.com/letsencrypt/pebble/v2/cmd/pebble@v${PEBBLE}`, '')]);
  const values = { NODE_SHA256: await sumOf(nodeArchive, 'sha256'), CADDY_SHA512: await sumOf(caddyArchive, 'sha512') };
  await writeFile(join(half, 'sums'), JSON.stringify(values));
  await rename(join(half, 'sums'), sums);
}
