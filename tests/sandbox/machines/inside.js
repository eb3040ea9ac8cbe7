// The machines' tests proper. test/machines.test.js runs this file through tests/sandbox/run, as root and as an ordinary
// user, so that what a failing test leaves behind dies with it.

import './inside/life.js';
import './inside/setup.js';
import './inside/system.js';
import './inside/beside.js';
import './inside/https.js';
import './inside/fleet.js';
