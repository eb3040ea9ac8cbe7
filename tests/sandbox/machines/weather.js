// What can be wrong with a machine's HTTPS although it was set up well: the setting machine_faults lists some of these,
// each for all machines ("websocket-403") or for one, by name or address ("websocket-403@vps-1a2b3c4d.vps.ovh.us").

import { createHash, randomUUID } from 'node:crypto';

const CLOSE_POLICY = Buffer.from([0x88, 2, 0x03, 0xf0]);

const policy = (change) => (headers) => {
  const now = headers['content-security-policy'];
  const next = change(String(now ?? ''));
  if (next === null) delete headers['content-security-policy'];
  else headers['content-security-policy'] = next;
};
const ancestors = (sources) => policy((text) => text.replace(/frame-ancestors [^;]+/g, `frame-ancestors ${sources}`));

// what they do to the headers of a page
const HEADERS = {
  'frame-ancestors-dropped': policy((text) => text.replace(/frame-ancestors [^;]+;? ?/g, '')),
  'frame-ancestors-other': ancestors('https://elsewhere.example'),
  'frame-ancestors-anybody': ancestors('*'),
  'policy-dropped': policy(() => null),
  'policy-only-framing': policy((text) => /frame-ancestors [^;]+/.exec(text)?.[0] ?? null),
  'policy-twice': policy((text) => [text.replace(/frame-ancestors [^;]+/g, "frame-ancestors 'none'"), text]),
  'x-frame-options': (headers) => { headers['x-frame-options'] = 'DENY'; },
};

function frame(text) {
  const body = Buffer.from(text);
  return Buffer.concat([body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]), body]);
}

const switching = (accept) =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
const acceptOf = (request) =>
  createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const open = (request, socket) => socket.write(switching(acceptOf(request)));
const decline = (socket, status, reason) => socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);

// As the real one: it greets everybody, and looks at the origin when it is asked to connect.
function refuseOrigin(request, socket) {
  open(request, socket);
  socket.write(frame(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: randomUUID(), ts: Date.now() } })));
  socket.once('data', () => {
    const details = { code: 'CONTROL_UI_ORIGIN_NOT_ALLOWED', reason: 'origin not allowed' };
    socket.write(frame(JSON.stringify({ type: 'res', id: '1', ok: false, error: { code: 'INVALID_REQUEST', message: 'origin not allowed', details } })));
    socket.end(CLOSE_POLICY);
  });
}

// what they do with a request to open a WebSocket
const WEBSOCKET = {
  'websocket-403': (request, socket) => decline(socket, 403, 'Forbidden'),
  'websocket-502': (request, socket) => decline(socket, 502, 'Bad Gateway'),
  'websocket-page': (request, socket) => decline(socket, 200, 'OK'),
  'websocket-mute': () => {},
  'websocket-silent': open,
  'websocket-closes': (request, socket) => {
    open(request, socket);
    socket.end(CLOSE_POLICY);
  },
  'websocket-breaks': (request, socket) => {
    open(request, socket);
    socket.end();
  },
  'websocket-wrong-accept': (request, socket) => socket.write(switching('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')),
  'websocket-stranger': (request, socket) => {
    open(request, socket);
    socket.write(frame('hello'));
  },
  'websocket-origin': refuseOrigin,
};

// which other certificate they show; see Front
const CERTIFICATES = ['certificate-untrusted', 'certificate-expired', 'certificate-other'];
const STATUSES = { 'readyz-503': ['/readyz', 503], 'page-500': ['/', 500] };

export const MACHINE_FAULTS = [...Object.keys(HEADERS), ...Object.keys(WEBSOCKET), ...CERTIFICATES, ...Object.keys(STATUSES)];

export class Weather {
  #settings;
  #names;

  constructor(settings, names) {
    this.#settings = settings;
    this.#names = names;
  }

  // Asked each time, so that a change of the setting acts on the next connection.
  #kinds() {
    return (this.#settings.machine_faults ?? []).map((fault) => fault.split('@'))
      .filter(([, machine]) => machine === undefined || this.#names.includes(machine)).map(([kind]) => kind);
  }

  #first(table) {
    return this.#kinds().find((kind) => Object.hasOwn(table, kind));
  }

  headers(headers) {
    for (const kind of this.#kinds()) HEADERS[kind]?.(headers);
    return headers;
  }

  // The status that this path has today, or undefined.
  status(path) {
    return this.#kinds().map((kind) => STATUSES[kind]).find((one) => one?.[0] === path)?.[1];
  }

  // True: the request was dealt with.
  upgrade(request, socket) {
    const kind = this.#first(WEBSOCKET);
    if (kind) WEBSOCKET[kind](request, socket);
    return kind !== undefined;
  }

  certificate() {
    return this.#kinds().find((kind) => CERTIFICATES.includes(kind));
  }
}
