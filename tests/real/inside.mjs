// The tests of the real machine proper, in the order they tell it; machine.test.mjs runs this file in namespaces that die
// with it. (T23 and T24 are about machines that change hands; here every owner gets a wiped one.)

import './inside/installed.mjs';
import './inside/opened.mjs';
import './inside/again.mjs';
