// A name server for Pebble alone, which asks by TCP: the machines' host names have the machines' addresses, and nothing
// else exists.

import { once } from 'node:events';
import net from 'node:net';

const A = 1;
const NO_SUCH_NAME = 3;
const TTL_S = 5;
const IDLE_MS = 10000;
const LARGEST = 512;

// { id, name, type, question } of a query's only question, or null
function readQuery(bytes) {
  if (bytes.length < 17 || bytes.readUInt16BE(4) !== 1) return null;
  const labels = [];
  let at = 12;
  while (at < bytes.length && bytes[at] !== 0) {
    if (bytes[at] > 63) return null;
    labels.push(bytes.toString('latin1', at + 1, at + 1 + bytes[at]));
    at += bytes[at] + 1;
  }
  if (at + 5 > bytes.length) return null;
  return { id: bytes.readUInt16BE(0), name: labels.join('.').toLowerCase(), type: bytes.readUInt16BE(at + 1), question: bytes.subarray(12, at + 5) };
}

function reply({ id, question, type }, ip) {
  const found = ip && type === A;
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(0x8580 | (ip ? 0 : NO_SUCH_NAME), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  if (!found) return Buffer.concat([head, question]);
  const answer = Buffer.alloc(16);
  answer.writeUInt16BE(0xc00c, 0);
  answer.writeUInt16BE(A, 2);
  answer.writeUInt16BE(1, 4);
  answer.writeUInt32BE(TTL_S, 6);
  answer.writeUInt16BE(4, 10);
  Buffer.from(ip.split('.').map(Number)).copy(answer, 12);
  return Buffer.concat([head, question, answer]);
}

// Each message is preceded by its length.
function converse(socket, find) {
  let bytes = Buffer.alloc(0);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (more) => {
    bytes = Buffer.concat([bytes, more]);
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      const end = 2 + bytes.readUInt16BE(0);
      const query = readQuery(bytes.subarray(2, end));
      bytes = bytes.subarray(end);
      if (!query) return socket.destroy();
      const answer = reply(query, find(query.name));
      const size = Buffer.alloc(2);
      size.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([size, answer]));
    }
    if (bytes.length > LARGEST) socket.destroy();
    return undefined;
  });
}

export class Names {
  #server;

  // find: name -> address or undefined
  constructor(find) {
    this.#server = net.createServer((socket) => converse(socket, find));
  }

  async open(port, host) {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return `${host}:${this.#server.address().port}`;
  }

  close() {
    this.#server.close();
  }
}
