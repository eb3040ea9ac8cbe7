// Connections to the hosts that this host's package tools are configured for: plain or TLS, direct or through a proxy.

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const CONNECT_DEADLINE_MS = 15000;

const proxyHeaders = ({ username, password }) => (username
  ? { 'proxy-authorization': `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}` } : {});

// A socket to host:port, through the proxy if there is one.
function connect({ host, port, proxy }) {
  return new Promise((resolve, reject) => {
    const late = new Error(`${host} does not answer`);
    if (!proxy) {
      const socket = net.connect({ host, port, timeout: CONNECT_DEADLINE_MS }, () => resolve(socket.setTimeout(0)));
      socket.once('timeout', () => socket.destroy(late));
      socket.once('error', reject);
      return;
    }
    const request = http.request({ host: proxy.hostname, port: proxy.port || 80, method: 'CONNECT', path: `${host}:${port}`,
      headers: proxyHeaders(proxy), timeout: CONNECT_DEADLINE_MS, agent: false });
    request.once('timeout', () => request.destroy(late));
    request.once('error', reject);
    request.once('connect', (reply, socket) => (reply.statusCode === 200 ? resolve(socket.setTimeout(0))
      : reject(new Error(`the proxy answers ${reply.statusCode}`))));
    request.end();
  });
}

class SecureAgent extends https.Agent {
  #context;

  constructor(options, authorities) {
    super(options);
    this.#context = tls.createSecureContext({ ca: authorities }); // once: there are hundreds of them
  }

  createConnection(options, done) {
    connect(options.upstream).then((socket) => {
      const secure = tls.connect({ socket, servername: options.upstream.host, secureContext: this.#context, ALPNProtocols: ['http/1.1'] },
        () => done(null, secure));
      secure.once('error', done);
    }, done);
  }
}

export class Upstreams {
  #plain = new http.Agent({ keepAlive: true, maxSockets: 16 });
  #secure;
  #known;

  constructor({ upstreams, authorities }) {
    this.#known = upstreams;
    this.#secure = new SecureAgent({ keepAlive: true, maxSockets: 16 }, authorities);
  }

  // What a machine's "http://host:port" stands for, or undefined: then nobody may go there.
  find(host, port) {
    return this.#known.get(`${host}:${port}`);
  }

  request(upstream, { method, path, headers }) {
    const all = { ...headers, host: upstream.host + ([80, 443].includes(upstream.port) ? '' : `:${upstream.port}`),
      ...(upstream.authorization ? { authorization: upstream.authorization } : {}) };
    if (upstream.secure) return https.request({ method, path, headers: all, agent: this.#secure, upstream, host: upstream.host, port: upstream.port });
    if (!upstream.proxy) return http.request({ method, path, headers: all, agent: this.#plain, host: upstream.host, port: upstream.port });
    return http.request({ method, path: `http://${all.host}${path}`, headers: { ...all, ...proxyHeaders(upstream.proxy) }, agent: this.#plain,
      host: upstream.proxy.hostname, port: upstream.proxy.port || 80 });
  }

  close() {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}
