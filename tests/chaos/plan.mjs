// One seed's plan: who clicks what and when, what goes wrong in the world, who is killed and where. Nothing in it
// depends on anything but the seed.

import { Dice } from './dice.mjs';
import { POISONS } from './echo.mjs';
import { FAULT_CALLS, FAULT_KINDS, MOODS, PASSAGES, PASSAGES_ELSE, POINTS, STATUSES, TOPICS, WORKERS } from './tables.mjs';

/** This many seeds in a row share a stack. */
export const SEEDS_A_STACK = 25;
const STORM_MS = 2500;

export const stackOf = (seed) => Math.floor((seed - 1) / SEEDS_A_STACK);
/** What a stack is like. sweeping: the sweeps look all the time; hasty: a deployment is late after few seconds. */
export const traitsOf = (seed) => {
  const stack = stackOf(seed);
  return { copies: stack === 0 ? 2 : new Dice('copies', stack).int(1, 3), sweeping: stack % 2 === 1, hasty: stack % 3 === 2 };
};

const atStatus = (dice) => ({ status: dice.pick(STATUSES) });
const atTime = (dice) => ({ ms: dice.int(0, STORM_MS) });

/** What a person does with one deployment while the storm lasts: clicks in order, each when its time or status has come. */
function script(dice) {
  const retry = [{ when: { status: 'ERROR' }, click: 'retry' }];
  const destroy = (when, times = 1) => [{ when, click: 'destroy', times }];
  const steps = dice.weigh([
    [6, () => retry],
    [4, () => destroy(atStatus(dice))],
    [4, () => destroy(atTime(dice))],
    [2, () => destroy(dice.chance(0.5) ? atStatus(dice) : atTime(dice), 2)],
    [3, () => [{ when: { status: 'READY' }, click: 'restart', times: dice.int(1, 2) }]],
    [1, () => [{ when: { status: 'READY' }, click: 'restart' }, ...destroy({ ms: dice.int(0, 300) })]],
    [2, () => [...retry, ...retry, ...destroy(atTime(dice))]],
    [1, () => [{ when: { status: 'ERROR' }, click: 'retry', times: 2 }, ...destroy({ ms: dice.int(0, 50) })]],
    [4, () => [{ when: { status: 'READY' }, click: 'reinstall', times: dice.int(1, 2) }, ...retry]],
    [2, () => [{ when: { status: 'READY' }, click: dice.pick(['restart', 'reinstall']) }, { when: { ms: dice.int(0, 100) }, click: 'reinstall' }, ...retry]],
    [2, () => [{ when: { status: 'ERROR' }, click: 'reinstall' }, ...retry]],
    [3, () => [{ when: { status: 'READY' }, click: 'open', times: dice.int(1, 3) }, ...(dice.chance(0.3) ? destroy({ ms: dice.int(0, 300) }) : [])]],
    [2, () => [{ when: { status: 'READY' }, click: 'reinstall' }, ...destroy({ ms: dice.int(0, 1500) })]],
  ])();
  return {
    clickMs: dice.int(0, 400),
    clicks: dice.chance(0.2) ? 2 : 1,
    steps,
    after: dice.weigh([[4, 'retry'], [1, 'leave'], [1, 'restart'], [2, 'reinstall']]),
  };
}

function fault(dice) {
  const [method, path] = dice.weigh(FAULT_CALLS.map(([weight, ...call]) => [weight, call]));
  return { method, path, ...dice.weigh(FAULT_KINDS), skip: dice.weigh([[5, 0], [2, 1], [1, 2]]), times: dice.weigh([[5, 1], [2, 2], [1, 4]]) };
}

function part(dice, copies) {
  const service = dice.weigh([[1, 'api-gateway'], [3, 'key-provisioner'], [5, 'ovh-orderer'], [3, 'installer'], [2, 'health-monitor']]);
  return `${service}.${service === 'api-gateway' ? 1 : dice.int(1, copies)}`;
}

/** A process that will end itself at named points, or by its own seed. */
function arm(dice, copies) {
  const name = part(dice, copies);
  const again = dice.chance(0.15) ? dice.int(1, 4) : 0; // it ends there once more each time it was started again
  if (dice.chance(0.15)) return { part: name, again, settings: { TEST_CRASH_SEED: dice.int(1, 1e6), TEST_CRASH_ONE_IN: dice.int(5, 80) } };
  const points = dice.times(dice.weigh([[3, 1], [2, 2]]), () => {
    const point = dice.pick(POINTS[name.split('.')[0]]);
    return `${point}:${dice.int(1, PASSAGES[point] ?? PASSAGES_ELSE)}`;
  });
  return { part: name, again, settings: { TEST_CRASH: points.join(',') } };
}

function blow(dice, copies) {
  const ms = dice.int(0, STORM_MS);
  return dice.weigh([
    [8, () => ({ ms, kind: 'kill', part: part(dice, copies), downMs: dice.weigh([[3, 0], [1, dice.int(0, 1500)]]) })],
    [1, () => ({ ms, kind: 'stop', part: part(dice, copies), downMs: dice.int(0, 500) })],
    [4, () => ({ ms, kind: 'echo', topic: dice.pick(TOPICS), picks: dice.times(dice.int(1, 6), () => dice.next()) })],
    [1, () => ({ ms, kind: 'poison', topic: dice.pick(TOPICS), shape: dice.int(0, POISONS - 1) })],
    [0.5, () => ({ ms, kind: 'kill', part: 'postgres', downMs: dice.int(0, 700) })],
    [0.15, () => ({ ms, kind: 'kill', part: 'kafka', downMs: dice.int(0, 500) })],
  ])();
}

const byPart = (arms) => [...new Map(arms.map((one) => [one.part, one])).values()];

export function planOf(seed) {
  const dice = new Dice('plan', seed);
  const { copies } = traitsOf(seed);
  return {
    seed,
    ...traitsOf(seed),
    deployments: dice.times(dice.weigh([[4, 1], [4, 2], [2, 3], [1, 4]]), (i) => script(new Dice('script', seed, i))),
    moods: dice.times(dice.weigh([[4, 0], [4, 1], [1, 2]]), () => dice.weigh(MOODS)),
    faults: dice.times(dice.weigh([[3, 0], [4, 1], [3, 2], [1, 4]]), () => fault(dice)),
    arms: byPart(dice.times(dice.weigh([[3, 0], [5, 1], [3, 2], [1, 3]]), () => arm(dice, copies))),
    blows: dice.times(dice.weigh([[3, 0], [4, 1], [3, 2], [1, 4]]), () => blow(dice, copies)).sort((a, b) => a.ms - b.ms),
  };
}

export const partsOf = (copies) => ['api-gateway.1', ...WORKERS.flatMap((service) => Array.from({ length: copies }, (_, i) => `${service}.${i + 1}`))];
