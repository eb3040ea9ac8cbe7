// Where this host gets its packages from, read from its own configuration at the moment it is needed: apt's sources and
// npm's registry, with the proxies and authorities that go with them, as the tools themselves tell them: their files of
// credentials are nobody's business here. Nothing of it is kept.

import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';

const run = promisify(execFile);
const APT = '/etc/apt';
const SYSTEM_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

// Both tools obey these where nothing else is said.
const ENVIRONMENT = { http: process.env.http_proxy || '', https: process.env.https_proxy || process.env.HTTPS_PROXY || '' };

const read = (path) => readFile(path, 'utf8').catch(() => '');
const basic = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function filesOf(folder, pattern) {
  const names = (await readdir(folder).catch(() => [])).filter((name) => pattern.test(name)).sort();
  return Promise.all(names.map((name) => read(join(folder, name))));
}

// "deb [options] uri suite component..."
function readList(text) {
  return text.split('\n').flatMap((line) => {
    const [, uri, suite, components] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line) ?? [];
    return uri ? [{ uri, suite, components: components.trim() }] : [];
  });
}

// Stanzas of "Field: value" lines.
function readStanzas(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) => (new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1] ?? '').replace(/^\s*#.*$/gm, '').trim();
    if (!field('Types').split(/\s+/).includes('deb') || /^(no|false)$/i.test(field('Enabled'))) return [];
    return field('URIs').split(/\s+/).flatMap((uri) => field('Suites').split(/\s+/)
      .map((suite) => ({ uri, suite, components: field('Components').replace(/\s+/g, ' ') })));
  });
}

// [{ uri, suite, components }] of all there is
export async function aptSources(folder) {
  const lists = [await read(join(folder, 'sources.list')), ...await filesOf(join(folder, 'sources.list.d'), /\.list$/)];
  const stanzas = await filesOf(join(folder, 'sources.list.d'), /\.sources$/);
  return [...lists.flatMap(readList), ...stanzas.flatMap(readStanzas)];
}

async function aptSettings() {
  const { stdout } = await run('apt-config', ['dump', 'Acquire'], { timeout: 10000 }).catch(() => ({ stdout: '' }));
  const value = (name) => new RegExp(`^Acquire::${name} "([^"]*)";`, 'mi').exec(stdout)?.[1] ?? '';
  return { http: value('http::Proxy') || ENVIRONMENT.http, https: value('https::Proxy') || ENVIRONMENT.https, validUntil: value('Check-Valid-Until'), date: value('Check-Date') };
}

// { registry, cafile, proxy, https-proxy } as npm itself sees them
async function npmSettings() {
  const names = ['registry', 'cafile', 'proxy', 'https-proxy'];
  const { stdout } = await run('npm', ['config', 'get', ...names], { timeout: 30000, cwd: '/', env: { ...process.env, HOME: homedir() } });
  const values = Object.fromEntries(stdout.trim().split('\n').map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)];
  }));
  const said = (name) => (['null', 'undefined', undefined].includes(values[name]) ? '' : values[name]);
  return { registry: said('registry'), cafile: said('cafile'), proxy: said('proxy') || ENVIRONMENT.http, 'https-proxy': said('https-proxy') || ENVIRONMENT.https };
}

// Debian's own archive, for the release this host has: what else it installs from (a vendor's packages) no machine needs.
export function archive(sources, osRelease) {
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(osRelease)?.[1] ?? '';
  const found = sources.filter(({ uri, suite, components }) => /^https?:\/\//.test(uri) && /\bmain\b/.test(components)
    && [codename, `${codename}-updates`, `${codename}-security`].includes(suite));
  if (!codename || !found.some(({ suite }) => suite === codename)) throw new Error("this host's apt sources name no Debian archive");
  return found.map(({ uri, suite }) => ({ uri, suite, part: suite.slice(codename.length) }));
}

function describe(address, proxies) {
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  const proxy = secure ? proxies.https || proxies.http : proxies.http;
  return {
    secure, host: url.hostname, port: Number(url.port) || (secure ? 443 : 80), path: url.pathname,
    authorization: url.username ? basic(decodeURIComponent(url.username), decodeURIComponent(url.password)) : '',
    proxy: proxy && !/^direct$/i.test(proxy) ? new URL(proxy) : null,
  };
}

/*
 * { apt: [{uri, suite, part}], registry, options, upstreams, authorities }: part is '', '-updates' or '-security'. The
 * addresses are those a machine uses: without credentials and always http, because the gate in front of it speaks TLS
 * where the host does. `upstreams` is keyed by "host:port" of those addresses.
 */
export async function readSources() {
  const [sources, apt, npm] = await Promise.all([aptSources(APT), aptSettings(), npmSettings()]);
  const upstreams = new Map();
  const plain = (address, proxies) => {
    const upstream = describe(address, proxies);
    const port = upstream.port === (upstream.secure ? 443 : 80) ? 80 : upstream.port;
    upstreams.set(`${upstream.host}:${port}`, upstream);
    return `http://${upstream.host}${port === 80 ? '' : `:${port}`}${upstream.path}`;
  };
  const more = await Promise.all([SYSTEM_AUTHORITIES, process.env.NODE_EXTRA_CA_CERTS, npm.cafile].map((path) => (path ? read(path) : '')));
  return {
    apt: archive(sources, await read('/etc/os-release')).map((source) => ({ ...source, uri: plain(source.uri, apt).replace(/\/$/, '') })),
    registry: plain(npm.registry, { http: npm.proxy, https: npm['https-proxy'] || npm.proxy }),
    options: { 'Acquire::Check-Valid-Until': apt.validUntil, 'Acquire::Check-Date': apt.date },
    upstreams,
    authorities: [...tls.rootCertificates, ...more].filter((text) => text !== ''),
  };
}
