// A browser's part in letting itself into the OpenClaw of a sandbox machine: a link's secrets, shown over a WebSocket
// through the machine's own HTTPS.

import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const DEADLINE_MS = 10000;

/** What stands behind the # of a link. */
export const secretsOf = (link) => Object.fromEntries(new URLSearchParams(new URL(link).hash.slice(1)));

/** A text as a client's frame. */
function frame(text) {
  const body = Buffer.from(text);
  const mask = randomBytes(4);
  const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4])]);
}

/** The texts of a server's whole frames at the start of `bytes`, and what is left. */
function texts(bytes) {
  const found = [];
  for (;;) {
    const long = bytes.length >= 2 && bytes[1] === 126;
    const at = long ? 4 : 2;
    const size = bytes.length >= at ? (long ? bytes.readUInt16BE(2) : bytes[1]) : Infinity;
    if (bytes.length < at + size) return { found, left: bytes };
    if ((bytes[0] & 15) === 1) found.push(bytes.subarray(at, at + size).toString());
    bytes = bytes.subarray(at + size);
  }
}

function upgraded({ hostname, port, host, origin }, caFile) {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: hostname, port: port || 443, path: '/', ca: readFileSync(caFile), agent: false, timeout: DEADLINE_MS,
      headers: { host, origin, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': 13, 'sec-websocket-key': randomBytes(16).toString('base64') },
    });
    asked.on('upgrade', (_, socket, head) => resolve({ socket, head }));
    asked.on('response', (answer) => reject(new Error(`the gateway answers ${answer.statusCode}`)));
    asked.on('timeout', () => asked.destroy(new Error('the gateway does not answer')));
    asked.on('error', reject).end();
  });
}

/** A browser of its own that opens the link: 'connected', or the code with which it is refused. */
export async function enter(link, caFile, device = randomUUID()) {
  const { bootstrapToken, token } = secretsOf(link);
  const { socket, head } = await upgraded(new URL(link), caFile);
  return new Promise((resolve, reject) => {
    let bytes = head;
    const take = (more) => {
      const { found, left } = texts(Buffer.concat([bytes, more]));
      bytes = left;
      for (const message of found.map((text) => JSON.parse(text))) {
        if (message.event === 'connect.challenge') {
          const params = { auth: { bootstrapToken, token }, device: { id: device } };
          socket.write(frame(JSON.stringify({ type: 'req', id: '1', method: 'connect', params })));
        } else {
          resolve(message.ok ? 'connected' : (message.error.details?.code ?? message.error.code));
          socket.destroy();
        }
      }
    };
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('the gateway says nothing')));
    socket.on('error', reject).on('close', () => reject(new Error('the gateway left without a word'))).on('data', take);
    take(Buffer.alloc(0));
  });
}
