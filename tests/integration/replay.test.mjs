// An operator sets deployments back: one to a stage, many at once, all of them after Kafka lost its disk. Each file imported
// here adds its tests; `lost` comes last, because it takes Kafka away.

import { after, before } from 'node:test';
import { begin, end } from './replay/world.mjs';
import './replay/one.mjs';
import './replay/many.mjs';
import './replay/lost.mjs';

before(begin);
after(end);
