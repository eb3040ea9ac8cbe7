// A walk instead of a storm: one deployment for each passage of each crash point of a service, from its click to its end,
// with nothing else going wrong. What a seed may miss for long is met here in order.

import { PASSAGES, PASSAGES_ELSE, POINTS } from './tables.mjs';

const WALK_PASSAGES = { 'http.sending': 50, 'http.answered': 50, 'http.changing': 16, 'http.changed': 16, 'ssh.sending': 20, 'ssh.answered': 20 };
const passages = (point) => WALK_PASSAGES[point] ?? 2 * (PASSAGES[point] ?? PASSAGES_ELSE);

/** `where`: a service, service/point or service/point:n. The names of the walk's steps, each of which is such a `where`. */
export function stepsOf(where) {
  const steps = Object.keys(POINTS).flatMap((service) => [...new Set(POINTS[service])].flatMap((point) =>
    Array.from({ length: passages(point) }, (_, i) => `${service}/${point}:${i + 1}`)));
  const found = steps.filter((step) => step === where || step.startsWith(`${where}/`) || step.startsWith(`${where}:`) || where === 'all');
  if (!found.length) throw new Error(`WALK is 'all', a service, service/point or service/point:n, not '${where}'`);
  return found;
}

export function planOfStep(step) {
  const [service, point] = step.split('/');
  return {
    seed: step, copies: 1, gateways: 1, sweeping: false, hasty: false, impatient: false,
    deployments: [{ clickMs: 0, clicks: 1, steps: [{ when: { status: 'READY' }, click: 'open' }, { when: { ms: 0 }, click: 'restart' }], after: 'reinstall' }],
    moods: [], faults: [], blows: [],
    arms: [{ part: `${service}.1`, again: 0, settings: { TEST_CRASH: point } }],
  };
}
