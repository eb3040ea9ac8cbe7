// Answers that come after we have given up on them, at OVH and at OpenRouter: what was asked is found to have happened.
// A file of its own, as the waits take half a minute: a neighbour's lasting failure must not fall into them.

import { after, before, test } from 'node:test';
import { assertAllHappened, assertReady, begin, deploy, destroyed, end, world } from './hostile/world.mjs';

const CHANGES = ['/1.0/order/cart/*/checkout', '/1.0/me/order/*/pay', '/1.0/vps/*/rebuild'];

before(() => begin());
after(end);

test('answers that came too late: READY all the same, each bought once', async () => {
  await world.sandbox.faults([
    { method: 'POST', path: '/api/v1/keys', kind: 'slow', seconds: 22 },
    { method: 'GET', path: '/1.0/vps/order/rule/datacenter', kind: 'slow', seconds: 12 },
    ...CHANGES.map((path) => ({ method: 'POST', path, kind: 'slow', seconds: 27 })),
  ]);
  const ids = await deploy(5);
  // An order that can not be told from those of others is left to die unpaid: there may be more than one, not more paid.
  for (const id of ids) await assertReady(id, { deadline: 120 });
  await assertAllHappened();
  await destroyed(...ids);
});
