// The way out of booted machines, without machines: who may go where, what is added on the way, what is kept.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Gate } from '../machines/nspawn/gate.js';
import { Names } from '../machines/nspawn/names.js';

let folder;
let registry;
let gate;
let port;
let asked = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlet-'));
  await writeFile(join(folder, 'node-v1.tar.gz'), 'an archive');
  registry = http.createServer((request, reply) => {
    asked.push([request.method, request.url, request.headers.authorization]);
    reply.writeHead(request.url.includes('missing') ? 404 : 200).end(`this is ${request.url}`);
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
  const upstream = { secure: false, host: '127.0.0.1', port: registry.address().port, path: '/', proxy: null, authorization: '' };
  const upstreams = new Map([['packages.example:80', upstream], ['closed.example:80', { ...upstream, authorization: 'Basic secret' }]]);
  gate = new Gate({ sources: { upstreams, authorities: [] }, dist: folder, cache: join(folder, 'kept') });
  port = await gate.open(0, '127.0.0.1');
});

after(async () => {
  await gate.close();
  registry.close();
  await rm(folder, { recursive: true, force: true });
});

// As a client that was told of a proxy: the whole address in the first line.
function ask(address, method = 'GET', headers = {}) {
  return new Promise((resolve, reject) => {
    http.request({ host: '127.0.0.1', port, method, path: address, headers, agent: false }, (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text) => { body += text; }).on('end', () => resolve({ status: reply.statusCode, body }));
    }).on('error', reject).end();
  });
}

test('only configured hosts can be asked; what their address needs is added, and nothing of the machine is passed on', async () => {
  asked = [];
  assert.deepEqual(await ask('http://packages.example/list', 'GET', { authorization: 'Bearer of-the-machine' }), { status: 200, body: 'this is /list' });
  assert.equal((await ask('http://closed.example/other')).status, 200);
  assert.deepEqual(asked, [['GET', '/list', undefined], ['GET', '/other', 'Basic secret']]);
  for (const address of ['http://elsewhere.example/', 'http://packages.example:8080/', 'http://127.0.0.1/']) assert.equal((await ask(address)).status, 403, address);
  assert.equal((await ask('http://packages.example/', 'DELETE')).status, 403);
  assert.equal((await ask('/etc/passwd')).status, 404);
  assert.equal((await ask('/api/v1/keys')).status, 404, 'there is no sandbox yet');
});

test('a tunnel is refused at once, whoever it is to', async () => {
  const socket = net.connect(port, '127.0.0.1');
  socket.write('CONNECT packages.example:80 HTTP/1.1\r\nHost: packages.example:80\r\n\r\n');
  const [answer] = await once(socket.setEncoding('latin1'), 'data');
  assert.match(answer, /^HTTP\/1\.1 403 /);
  socket.destroy();
});

test('packages are kept, failures and lists are not', async () => {
  asked = [];
  for (let i = 0; i < 2; i++) {
    assert.equal((await ask('http://packages.example/pool/a_1.deb')).body, 'this is /pool/a_1.deb');
    assert.equal((await ask('http://packages.example/missing/b.tgz')).status, 404);
    assert.equal((await ask('http://packages.example/Packages.xz')).status, 200);
  }
  assert.equal(asked.filter(([, path]) => path.endsWith('.deb')).length, 1);
  assert.equal(asked.filter(([, path]) => !path.endsWith('.deb')).length, 4);
  assert.equal((await readdir(join(folder, 'kept'))).length, 1);
});

test('files are served by their last name, from one folder', async () => {
  assert.deepEqual(await ask('/dist/v1/node-v1.tar.gz'), { status: 200, body: 'an archive' });
  assert.equal((await ask('/dist/v1/other.tar.gz')).status, 404);
  assert.equal((await ask('/dist/../../../etc/passwd')).status, 404);
});

test('the name server knows the machines, and nothing else', async () => {
  const names = new Names((name) => (name === 'vps-1.example' ? '198.18.0.2' : undefined));
  const [, at] = (await names.open(0, '127.0.0.1')).split(':');
  const query = async (name, type = 1) => {
    const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
    const message = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1]);
    const socket = net.connect(Number(at), '127.0.0.1');
    socket.write(Buffer.concat([Buffer.from([0, message.length]), message]));
    const [answer] = await once(socket, 'data');
    socket.destroy();
    return { code: answer[5] & 15, answers: answer.readUInt16BE(8), address: [...answer.subarray(-4)].join('.') };
  };
  assert.deepEqual(await query('vps-1.example'), { code: 0, answers: 1, address: '198.18.0.2' });
  assert.equal((await query('elsewhere.example')).code, 3);
  assert.equal((await query('vps-1.example', 28)).answers, 0);
  names.close();
});
