// The only way out of a machine, on the host's end of its network: a forwarding proxy that is open for just the hosts
// this host's own apt and npm are configured for (403 for all else, at once), files made here (/dist/...), the sandbox's
// OpenRouter (/api/v1/...), and a ClawHub with one skill (/clawhub/...). What never changes (packages) is kept in a folder for the next machine.

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import http from 'node:http';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { serveClawHub } from './clawhub.js';
import { Upstreams } from './upstream.js';

const DEADLINE_MS = 120000;
const MOST_CONNECTIONS = 512;
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
const CLAWHUB = '/clawhub';
const NEVER_CHANGES = /\.(u?deb|tgz)$/;

function withoutHops(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}

export class Gate {
  #upstreams;
  #server;
  #sandbox = null;
  #cache;
  #dist;

  // dist: folder served at /dist; cache: folder for packages
  constructor({ sources, dist, cache }) {
    this.#upstreams = new Upstreams(sources);
    this.#dist = dist;
    this.#cache = cache;
  }

  async open(port, host) {
    await mkdir(this.#cache, { recursive: true });
    this.#server = http.createServer({ requestTimeout: 0, keepAliveTimeout: 30000 }, (request, answer) => {
      this.#serve(request, answer).catch((error) => {
        if (answer.headersSent) answer.destroy();
        else answer.writeHead(502, { 'content-type': 'text/plain' }).end(`the gate could not reach it: ${error.message}\n`);
      });
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    // A machine's addresses are all http (TLS is spoken from here on), so nobody needs a tunnel.
    this.#server.on('connect', (request, socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address().port;
  }

  async close() {
    this.#upstreams.close();
    if (!this.#server) return;
    this.#server.close();
    this.#server.closeAllConnections();
    this.#server = null;
  }

  // The sandbox's own address, once it has one.
  reach(url) {
    this.#sandbox = new URL(url);
  }

  #serve(request, answer) {
    const path = /^\/[^?#]*/.exec(request.url)?.[0];
    if (path?.startsWith('/dist/')) return this.#give(path, answer);
    if (path?.startsWith('/api/v1/') && this.#sandbox) return this.#openRouter(request, answer);
    if (path?.startsWith(`${CLAWHUB}/`)) return serveClawHub(request, answer, path.slice(CLAWHUB.length), `http://${request.headers.host}${CLAWHUB}`);
    const url = /^http:\/\//.test(request.url) && URL.canParse(request.url) ? new URL(request.url) : null;
    if (!url) {
      answer.writeHead(404, { 'content-type': 'text/plain' }).end('nothing lives here\n');
      return Promise.resolve();
    }
    const upstream = this.#upstreams.find(url.hostname, Number(url.port) || 80);
    if (upstream && ['GET', 'HEAD', 'POST'].includes(request.method)) return this.#forward(request, answer, upstream, url.pathname + url.search);
    answer.writeHead(403, { 'content-type': 'text/plain' }).end('machines have no way to that host\n');
    return Promise.resolve();
  }

  // Files by their last name: the folders of a mirror differ, its files do not.
  async #give(path, answer) {
    const file = join(this.#dist, basename(path));
    const found = await stat(file).catch(() => null);
    if (!found?.isFile()) {
      answer.writeHead(404).end();
      return;
    }
    answer.writeHead(200, { 'content-length': found.size, 'content-type': 'application/octet-stream' });
    await pipeline(createReadStream(file), answer);
  }

  async #openRouter(request, answer) {
    const inner = http.request({ host: this.#sandbox.hostname, port: this.#sandbox.port, method: request.method, path: request.url,
      headers: withoutHops(request.headers), timeout: DEADLINE_MS });
    await this.#pass(request, answer, inner);
  }

  async #forward(request, answer, upstream, path) {
    const keep = request.method === 'GET' && NEVER_CHANGES.test(path) && !request.headers.range
      ? join(this.#cache, createHash('sha256').update(upstream.host + path).digest('hex')) : null;
    const kept = keep && await stat(keep).catch(() => null);
    if (kept) {
      answer.writeHead(200, { 'content-length': kept.size, 'content-type': 'application/octet-stream' });
      await pipeline(createReadStream(keep), answer);
      return;
    }
    const headers = withoutHops(request.headers);
    delete headers.authorization;
    if (keep) for (const name of ['if-modified-since', 'if-none-match', 'accept-encoding']) delete headers[name];
    await this.#pass(request, answer, this.#upstreams.request(upstream, { method: request.method, path, headers }), keep);
  }

  async #pass(request, answer, inner, keep = null) {
    inner.on('error', () => {}); // also after the answer has begun
    inner.setTimeout(DEADLINE_MS, () => inner.destroy(new Error('no answer in time')));
    answer.on('close', () => inner.destroy());
    request.pipe(inner);
    const [reply] = await once(inner, 'response');
    answer.writeHead(reply.statusCode, withoutHops(reply.headers));
    if (!keep || reply.statusCode !== 200) {
      await pipeline(reply, answer);
      return;
    }
    const half = `${keep}.${randomUUID()}.half`;
    const file = createWriteStream(half);
    try {
      reply.pipe(answer);
      await pipeline(reply, file);
      const length = Number(reply.headers['content-length']);
      if (Number.isNaN(length) || file.bytesWritten === length) await rename(half, keep);
    } finally {
      await rm(half, { force: true });
    }
  }
}
