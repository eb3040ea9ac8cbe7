// What no tool that is at hand asks of Kafka: deleting what a topic holds, as its retention does. In Kafka's own protocol.

import { connect } from 'node:net';

const DELETE_RECORDS = 21;
const VERSION = 1;
const TIMEOUT_MS = 10000;

const int16 = (n) => { const b = Buffer.alloc(2); b.writeInt16BE(n); return b; };
const int32 = (n) => { const b = Buffer.alloc(4); b.writeInt32BE(n); return b; };
const int64 = (n) => { const b = Buffer.alloc(8); b.writeBigInt64BE(BigInt(n)); return b; };
const string = (text) => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);

/** One request to the broker, one answer. */
async function ask(bootstrap, body) {
  const [host, port] = bootstrap.split(':');
  const socket = connect(Number(port), host);
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('the broker does not answer')));
  socket.write(Buffer.concat([int32(body.length), body]));
  let got = Buffer.alloc(0);
  for await (const bytes of socket) {
    got = Buffer.concat([got, bytes]);
    if (got.length >= 4 && got.length >= 4 + got.readInt32BE(0)) return got.subarray(4);
  }
  throw new Error('the broker hung up');
}

/** Deletes all that the topic holds, in each of its `partitions`; its offsets go on. */
export async function deleteRecords(bootstrap, topic, partitions) {
  const each = Array.from({ length: partitions }, (_, p) => [int32(p), int64(-1)]).flat();
  const head = [int16(DELETE_RECORDS), int16(VERSION), int32(1), string('test')];
  const answer = await ask(bootstrap, Buffer.concat([...head, int32(1), string(topic), int32(partitions), ...each, int32(TIMEOUT_MS)]));
  let at = 4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4; // its number, the pause it wants, how many topics, ours, how many partitions
  for (let i = 0; i < partitions; i++, at += 14) {
    const code = answer.readInt16BE(at + 12);
    if (code) throw new Error(`partition ${answer.readInt32BE(at)} of ${topic}: Kafka's error ${code}`);
  }
}
