// Opening an OpenClaw: a link for one browser, made while its owner waits, whatever else goes on. `copies` comes last: it
// brings a second gateway and a second installer.

import { after, afterEach, before } from 'node:test';
import { calm, end, start } from './open/world.mjs';
import { forgetKeys } from './hostile/machine.mjs';
import './open/links.mjs';
import './open/trouble.mjs';
import './open/door.mjs';
import './open/many.mjs';
import './open/copies.mjs';
import './open/secrets.mjs';

before(start);
afterEach(calm);
after(async () => {
  await calm().catch(() => {});
  await forgetKeys();
  await end();
});
