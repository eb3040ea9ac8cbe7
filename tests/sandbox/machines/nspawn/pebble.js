// Pebble, Let's Encrypt's test CA, for the machines' certificates: its directory answers on the host's end of their
// network, its root (new at each start) is written to ca.pem.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_DEADLINE_MS = 20000;
const SIX_DAYS_S = 160 * 3600;
const PORT = 14000;
const MANAGEMENT_PORT = 15000;

function fetchText(url, ca) {
  return new Promise((resolve, reject) => {
    https.get(url, { ca, timeout: 3000, agent: false }, (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text) => { body += text; });
      reply.on('end', () => (reply.statusCode === 200 ? resolve(body) : reject(new Error(`${url}: ${reply.statusCode}`))));
    }).on('error', reject).on('timeout', function late() { this.destroy(new Error(`${url} is late`)); });
  });
}

export class Pebble {
  #program;
  #host;
  #folder;
  #names;
  #child = null;

  // names: where its name server is
  constructor({ program, host, folder, names }) {
    this.#program = program;
    this.#names = names;
    this.#host = host;
    this.#folder = folder;
  }

  get directory() {
    return `https://${this.#host}:${PORT}/dir`;
  }

  // Starts it and writes its root to caFile. Resolves with the certificate that its directory's own TLS shows (PEM).
  async open(caFile) {
    const [key, certificate, config] = ['directory.key', 'directory.pem', 'pebble.json'].map((name) => join(this.#folder, name));
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', '/CN=pebble',
      '-addext', `subjectAltName=IP:${this.#host}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', key, '-out', certificate], { timeout: 10000 });
    await writeFile(config, JSON.stringify({ pebble: {
      listenAddress: `${this.#host}:${PORT}`, managementListenAddress: `${this.#host}:${MANAGEMENT_PORT}`, certificate, privateKey: key,
      httpPort: 80, tlsPort: 443, ocspResponderURL: '', externalAccountBindingRequired: false, retryAfter: { authz: 1, order: 1 },
      keyAlgorithm: 'ecdsa', profiles: { default: { description: 'ninety days', validityPeriod: 7776000 },
        shortlived: { description: '160 hours', validityPeriod: SIX_DAYS_S } },
    } }));
    this.#child = spawn(this.#program, ['-config', config, '-strict=false', '-dnsserver', this.#names], { stdio: 'ignore',
      env: { PATH: process.env.PATH, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: process.env.SANDBOX_NONCE_REJECT ?? '0' } });
    this.#child.on('error', () => {});
    const pem = await readFile(certificate, 'utf8');
    await writeFile(`${caFile}.new`, await this.#root(pem));
    await rename(`${caFile}.new`, caFile);
    return pem;
  }

  async #root(pem) {
    for (const late = Date.now() + START_DEADLINE_MS; ;) {
      try {
        return await fetchText(`https://${this.#host}:${MANAGEMENT_PORT}/roots/0`, pem);
      } catch (error) {
        if (Date.now() > late || this.#child.exitCode !== null) throw new Error(`Pebble does not run: ${error.message}`);
        await sleep(50);
      }
    }
  }

  async close() {
    const child = this.#child;
    this.#child = null;
    if (!child?.pid || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
