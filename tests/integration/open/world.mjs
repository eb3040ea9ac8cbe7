// What the tests of opening share: one product with one READY deployment of ann's, and every link that was ever told.

import assert from 'node:assert/strict';
import { enter, secretsOf } from '../../harness/openclaw.mjs';
import { until } from '../../harness/wait.mjs';
import { begin, calm as goodDay, deploy, end, world } from '../hostile/world.mjs';
import { on } from '../hostile/machine.mjs';

export { end, world };
export const DEPLOYMENTS = '/api/openclaw/deployments';

/** All secrets that have left the product so far. */
export const told = new Set();

export async function calm() {
  await goodDay();
  await world.sandbox.settings({ mint: 0 });
}

export async function start() {
  await begin({ installer: { WORKERS: 2, OPENERS: 4 }, 'api-gateway': { DEPLOYS_PER_HOUR: 1000 } });
  await calm();
  [world.id] = await deploy();
  await world.api.waitStatus(world.id, 'READY', { deadline: 90 });
}

async function post(path, { id = world.id, api = world.api } = {}) {
  const began = Date.now();
  const answer = await api.request('POST', `${DEPLOYMENTS}/${id}/${path}`, { body: '', timeout: 40 });
  return { ...answer, seconds: (Date.now() - began) / 1000 };
}

/** The whole answer, with how many seconds it took. */
export async function ask(who) {
  const answer = await post('open', who);
  if (answer.status === 200) for (const secret of Object.values(secretsOf(answer.body.url))) if (secret !== 'owner') told.add(secret);
  return answer;
}

/** Asks for the approval of the browser that waits; the whole answer as above. */
export const approve = (who) => post('open/approve', who);

/** It was opened; and, unless {use: false}, a browser gets in with the link. */
export async function assertOpens(answer, { use = true } = {}) {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  if (use) assert.equal(await enter(answer.body.url, world.stack.env.MACHINE_CA_FILE), 'connected');
  return answer.body;
}

const OPENCLAW = '/usr/local/bin/openclaw';

/** From now on the machine's `openclaw` does this, where the real one is $REAL; `back` undoes it. */
export const pretend = (script) => on(world.id, `sudo -n /bin/sh -c '[ -e ${OPENCLAW}.real ] || cp ${OPENCLAW} ${OPENCLAW}.real; rm ${OPENCLAW}; cat >${OPENCLAW}; chmod 755 ${OPENCLAW}' <<'END'
#!/bin/sh
REAL=${OPENCLAW}.real
${script}
END
`);
export const back = () => on(world.id, `sudo -n /bin/sh -c '[ ! -e ${OPENCLAW}.real ] || mv ${OPENCLAW}.real ${OPENCLAW}'`);

/** A problem whose detail is a sentence for people, and says nothing of how the product is made. */
export function assertTold(answer, status, detail) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.match(answer.body.detail, detail);
  assert.match(answer.body.detail, /^[A-Z].*\.$/);
  assert.doesNotMatch(answer.body.detail, /[{}<>\n]|ssh_|errno|null|libssh2/i);
  if ([429, 503].includes(status)) assert.ok(Number(answer.headers.get('retry-after')) >= 1);
}

export const rows = (where = 'true') => world.stack.psql(`select * from openings where ${where}`);

export const untilClaimed = () =>
  until(async () => (await rows('claimed_by is not null and answered_at is null')).length > 0, { what: 'an opening is claimed', every: 0.02 });

export const untilNoRows = () => until(async () => (await rows()).length === 0, { what: 'no opening is left', deadline: 40 });

/** How often the machine was asked for a link. */
export const minted = async (id = world.id) =>
  Number((await on(id, "grep -c 'openclaw dashboard --json' /var/log/standins.log || true")).trim());
