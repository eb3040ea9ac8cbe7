// The product the gateway's tests share: one stack whose workers rest, so that a deployment stays in the
// status a test gives it, and what its tests ask again and again.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { startStack } from '../../harness/stack.mjs';

const WORKERS = ['key-provisioner.1', 'ovh-orderer.1', 'installer.1', 'health-monitor.1'];

export const DEPLOYMENTS = '/api/openclaw/deployments';
export const LIMITS = { DEPLOYS_PER_HOUR: 6, SIGN_IN_ATTEMPTS: 3 };
export const PASSWORD = 'a long password';

/** `stack`, and `ann`: signed in; a test that counts deployments makes people of its own. */
export const world = {};

export async function begin() {
  world.stack = await startStack({ settings: { 'api-gateway': LIMITS } });
  await Promise.all(WORKERS.map((name) => world.stack.stop(name)));
  world.ann = await person();
}

export async function person() {
  const api = world.stack.api();
  await api.signUp();
  return api;
}

/** An answer that is a problem with that status, whose detail says `detail`. */
export function assertProblem(answer, status, detail) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  assert.equal(answer.body.type, 'about:blank');
  assert.ok(answer.body.title);
  assert.match(answer.body.detail, detail);
}

/** The whole answer to bytes as they are, for what no HTTP client would send. */
export function raw(text) {
  const { hostname, port } = new URL(world.stack.env.API_URL);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.end(text));
    socket.setTimeout(10000, () => socket.destroy(new Error('no answer within 10 s')));
    socket.on('data', (bytes) => (answer += bytes)).on('close', () => resolve(answer)).on('error', reject);
  });
}

/** The deployment's row, put where a worker would have put it. */
export async function setStatus(id, status, columns = '') {
  await world.stack.psql(`update deployments set status = '${status}', status_message = 'set by a test' ${columns} where id = '${id}';
    select timeline_add('${id}', 'progress', 'a-test')`);
}
