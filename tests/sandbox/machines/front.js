// What the internet sees of a machine's Caddy: an HTTPS server on the machine's own address that proxies to the gateway
// inside; and on a unix socket, for the machine itself, without the weather there is on the way. It listens only while the machine's caddy stand-in runs with that address among its sites; a site that does not
// ask for an ACME certificate gets one that nobody trusts, as it would from Caddy.

import { once } from 'node:events';
import { chmod, chown, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

import { listen } from './listen.js';
import { Weather } from './weather.js';

const MOST_CONNECTIONS = 256;
const GATEWAY_DEADLINE_MS = 30000;
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'trailer'];

const CALM = new Weather({}, []);

const matches = (path, pattern) => (pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern);

function changeHeaders(headers, changes) {
  for (const { kind, name, value, find, replacement } of changes) {
    if (kind === 'remove') delete headers[name];
    else if (kind === 'set') headers[name] = value;
    else if (headers[name] !== undefined) headers[name] = String(headers[name]).replace(find, replacement);
  }
  return headers;
}

export class Front {
  #options;
  #listening = [];
  #sockets = new Set();
  #site = null;
  #turn = Promise.resolve();
  #certificates = new Map();
  #servers = new Map();
  #weather;

  constructor(options) {
    this.#options = options;
    this.#weather = new Weather(options.settings ?? {}, [options.ip, options.name]);
  }

  // Serves what the sites say; resolves once the address answers (or when none of the sites is for it).
  start(sites) {
    return this.#inTurn(async () => {
      await this.#close();
      const site = sites.find(({ hosts }) => hosts.includes(this.#options.ip));
      if (!site) return;
      this.#site = site;
      this.#servers.clear();
      await this.#behind(undefined);
      await this.#open((server) => listen(server, this.#options.port, this.#options.ip), () => this.#behind(this.#weather.certificate()));
      const within = this.#serve(this.#certificate(site), CALM);
      await this.#open((server) => this.#listenInside(server), () => within);
    });
  }

  async #open(listens, choose) {
    const server = net.createServer((socket) => this.#welcome(socket, choose()));
    server.maxConnections = MOST_CONNECTIONS;
    await listens(server);
    this.#listening.push(server);
  }

  async #listenInside(server) {
    const { inside, account } = this.#options;
    await rm(inside, { force: true });
    server.listen(inside);
    await once(server, 'listening');
    await chmod(inside, 0o600);
    if (account !== null) await chown(inside, account, account);
  }

  // Which certificate is shown is decided for each connection.
  #welcome(socket, chosen) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    chosen.then((server) => server.emit('connection', socket), () => socket.destroy());
  }

  // The HTTPS server with that certificate; it listens to nobody.
  #behind(fault) {
    if (!this.#servers.has(fault)) this.#servers.set(fault, this.#serve(this.#certificate(this.#site, fault), this.#weather));
    return this.#servers.get(fault);
  }

  async #serve(certificate, weather) {
    const server = https.createServer(await certificate, (request, answer) => this.#pass(request, answer, weather));
    server.on('upgrade', (request, socket, head) => this.#passUpgrade(request, socket, head, weather));
    return server;
  }

  stop() {
    return this.#inTurn(() => this.#close());
  }

  #inTurn(work) {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #close() {
    const closed = this.#listening.map((server) => new Promise((resolve) => { server.close(resolve); }));
    this.#listening = [];
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  // Kept across restarts of Caddy, as Caddy keeps them on disk.
  async #certificate({ hosts, shortlived }, fault = '') {
    const { ip, hostname, publicCa, privateCa } = this.#options;
    const trusted = shortlived && fault !== 'certificate-untrusted';
    const kind = `${trusted} ${fault}`;
    if (!this.#certificates.has(kind)) {
      const names = hosts.includes(hostname) ? [hostname] : [];
      this.#certificates.set(kind, await (trusted ? publicCa : privateCa).issue({
        ips: [fault === 'certificate-other' ? '192.0.2.1' : ip], names, expired: fault === 'certificate-expired',
      }));
    }
    return this.#certificates.get(kind);
  }

  // The port may be another than 443 when the sandbox is not root; inside, nobody may notice.
  #forInside(request) {
    const { ip, port } = this.#options;
    const headers = { ...request.headers };
    for (const name of ['host', 'origin', 'referer']) {
      if (headers[name]) headers[name] = headers[name].replace(`${ip}:${port}`, ip);
    }
    headers['x-forwarded-for'] = request.socket.remoteAddress ?? ip; // on the machine itself, by its own address
    headers['x-forwarded-proto'] = 'https';
    headers['x-forwarded-host'] = headers.host;
    return { socketPath: this.#options.gateway, method: request.method, path: request.url, headers,
      timeout: GATEWAY_DEADLINE_MS };
  }

  #refusal(request) {
    const [path] = request.url.split('?', 1);
    return this.#site.refused.find(({ paths }) => paths.some((pattern) => matches(path, pattern)))?.status;
  }

  #pass(request, answer, weather) {
    const refused = this.#refusal(request) ?? weather.status(request.url);
    const say = (status) => answer.writeHead(status, changeHeaders({ server: 'Caddy' }, this.#site.headers)).end();
    if (refused) {
      request.resume();
      say(refused);
      return;
    }
    const inner = http.request(this.#forInside(request), (reply) => {
      const headers = changeHeaders({ server: 'Caddy', via: '1.1 Caddy', ...reply.headers }, this.#site.proxiedHeaders);
      for (const name of HOP_BY_HOP) delete headers[name];
      answer.writeHead(reply.statusCode, weather.headers(changeHeaders(headers, this.#site.headers)));
      reply.pipe(answer);
      reply.on('error', () => answer.destroy());
    });
    inner.on('timeout', () => inner.destroy(new Error('the gateway is late')));
    inner.on('error', () => (answer.headersSent ? answer.destroy() : say(502)));
    answer.on('close', () => inner.destroy());
    request.pipe(inner);
  }

  #passUpgrade(request, socket, head, weather) {
    socket.on('error', () => {});
    const decline = (status) => socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n\r\n`);
    const refused = this.#refusal(request);
    if (refused) {
      decline(refused);
      return;
    }
    if (weather.upgrade(request, socket)) return;
    const inner = http.request(this.#forInside(request));
    inner.on('timeout', () => inner.destroy(new Error('the gateway is late')));
    inner.on('error', () => decline(502));
    inner.on('response', (reply) => {
      reply.resume();
      decline(reply.statusCode);
    });
    inner.on('upgrade', (reply, gateway, first) => {
      gateway.setTimeout(0);
      gateway.on('error', () => socket.destroy());
      gateway.on('close', () => socket.destroy());
      socket.on('close', () => gateway.destroy());
      const lines = Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      socket.write(first);
      gateway.write(head);
      gateway.pipe(socket).pipe(gateway);
    });
    inner.end();
  }
}
