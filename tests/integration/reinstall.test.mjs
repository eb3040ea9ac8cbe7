// Installing anew: the server and its address stay, everything on it goes, whatever else happens meanwhile. Each file
// imported here adds its tests.

import { after, before } from 'node:test';
import { forgetKeys } from './hostile/machine.mjs';
import { begin, end } from './hostile/world.mjs';
import './reinstall/whole.mjs';
import './reinstall/trouble.mjs';
import './reinstall/overlap.mjs';

before(() => begin());
after(async () => {
  await forgetKeys();
  await end();
});
