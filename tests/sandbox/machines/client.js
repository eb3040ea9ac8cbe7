// How tests talk to a machine: the system's OpenSSH client, HTTPS that trusts only the sandbox's CA, and a WebSocket.

import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import WebSocket from 'ws';

const run = promisify(execFile);
const DEADLINE_MS = 20000;

export async function makeKey(folder, name) {
  const file = join(folder, name);
  await run('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-C', name, '-f', file], { timeout: DEADLINE_MS });
  return { file, publicKey: await readFile(`${file}.pub`, 'utf8') };
}

// { status, output, errors }; status 255 when the login failed
export function ssh({ ip, port, key, deadline = DEADLINE_MS }, command, input = '') {
  return new Promise((resolve, reject) => {
    const options = { BatchMode: 'yes', IdentitiesOnly: 'yes', StrictHostKeyChecking: 'no', UserKnownHostsFile: '/dev/null',
      LogLevel: 'ERROR', ConnectTimeout: '5' };
    const child = spawn('ssh', ['-F', 'none', '-i', key.file, '-p', String(port),
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]), `debian@${ip}`, command],
    { timeout: deadline });
    let output = '';
    let errors = '';
    child.stdout.on('data', (text) => { output += text; });
    child.stderr.on('data', (text) => { errors += text; });
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output, errors }));
    child.stdin.end(input);
  });
}

// { status, headers, body, certificate }, or an error with a code; servername where another certificate is asked for;
// sent: { headers, body } for a POST
export function get({ ip, port, ca, servername }, path = '/', sent = null) {
  return new Promise((resolve, reject) => {
    const named = servername ? { servername, headers: { host: servername } } : {};
    const posted = sent ? { method: 'POST', headers: { ...named.headers, ...sent.headers } } : {};
    const request = https.request({ host: ip, port, path, ca, agent: false, timeout: DEADLINE_MS, ...named, ...posted }, (reply) => {
      let body = '';
      const certificate = reply.socket.getPeerCertificate();
      reply.setEncoding('utf8').on('data', (text) => { body += text; });
      reply.on('end', () => resolve({ status: reply.statusCode, headers: reply.headers, body, certificate }));
    });
    request.on('timeout', () => request.destroy(new Error('late')));
    request.on('error', reject);
    request.end(sent?.body);
  });
}

// The first message a WebSocket receives.
export function firstMessage({ ip, port, ca }, origin) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${ip}:${port}/`, { ca, origin, handshakeTimeout: DEADLINE_MS });
    socket.on('error', reject);
    socket.on('message', (data) => {
      resolve(JSON.parse(data));
      socket.close();
    });
  });
}

// As the Control UI of any version does.
const CLIENT = { minProtocol: 1, maxProtocol: 1000, role: 'operator', scopes: [],
  client: { id: 'openclaw-control-ui', version: 'test', platform: 'web', mode: 'webchat' } };

// What the gateway says to a browser that lets itself in by `auth`: the answer to its `connect`, and how the socket ended (a
// code, or null when it stays open). device: null for none; origin: of the page that asks.
export function connect({ ip, port, ca }, auth, device = 'a-browser-of-its-own', origin = new URL(`https://${ip}:${port}`).origin) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${ip}:${port}/`, { ca, origin, handshakeTimeout: DEADLINE_MS });
    let answer;
    socket.on('error', reject);
    socket.on('close', (code) => resolve({ ...answer, closed: code }));
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.event === 'connect.challenge') {
        socket.send(JSON.stringify({ type: 'req', id: '1', method: 'connect', params: { ...CLIENT, auth, ...(device && { device: { id: device } }) } }));
      } else {
        answer = message;
        if (!message.ok) return;
        socket.removeAllListeners('close');
        socket.on('close', () => {});
        resolve({ ...message, closed: null });
        socket.close();
      }
    });
  });
}

// Waits until the probe answers something true.
export async function until(what, probe, deadlineMs = DEADLINE_MS, everyMs = 20) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, everyMs); });
  }
}
