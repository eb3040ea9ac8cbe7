// The running gateway, asked as browsers, programs and attackers ask it. Each file imported here adds its
// tests; `trouble` comes last, because it takes parts of the product away.

import { after, before } from 'node:test';
import { begin, world } from './gateway/world.mjs';
import './gateway/accounts.mjs';
import './gateway/input.mjs';
import './gateway/deployments.mjs';
import './gateway/changes.mjs';
import './gateway/live.mjs';
import './gateway/pages.mjs';
import './gateway/trouble.mjs';

before(begin);
after(() => world.stack?.close());
