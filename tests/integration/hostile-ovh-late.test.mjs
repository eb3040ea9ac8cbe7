// OVH being late, a database that is older than what was bought, and the end of a machine: what was bought stays one paid
// order that somebody watches, and goes back when nobody wants it. Each file imported here adds its tests.

import { after, before } from 'node:test';
import { begin, end, hurry } from './hostile/world.mjs';
import './hostile/late.mjs';
import './hostile/restored.mjs';
import './hostile/wiping.mjs';

before(async () => {
  await begin();
  await hurry();
});
after(end);
