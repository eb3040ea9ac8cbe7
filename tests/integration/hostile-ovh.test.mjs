// Buying from OVH at its worst: what was bought stays one paid order, what people read says what happened and what to
// do, and a retry or a destroy then works. Each file imported here adds its tests.

import { after, before } from 'node:test';
import { begin, end, hurry } from './hostile/world.mjs';
import './hostile/calls.mjs';
import './hostile/checkout.mjs';
import './hostile/orders.mjs';
import './hostile/choices.mjs';

before(async () => {
  await begin();
  await hurry();
});
after(end);
