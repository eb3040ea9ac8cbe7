// One seed's plan: who clicks what and when, what goes wrong in the world, who is killed and where. Nothing in it
// depends on anything but the seed.

import { Dice } from './dice.mjs';
import { POISONS } from './echo.mjs';
import { FAULT_CALLS, FAULT_KINDS, LATE_CALLS, MOODS, PASSAGES, PASSAGES_ELSE, POINTS, STATUSES, TOPICS, WORKERS } from './tables.mjs';

// What a stack's processes are like changes while it stands, so that a short run meets more than one kind. Copies only
// become more: the broker waits six seconds for one that is gone.
const COPIES = [1, 2, 2, 2, 3, 3, 3, 3];
const GATEWAYS = [1, 1, 2, 2, 2, 3, 3, 3];
const SEEDS_A_CHAPTER = 3;
/** This many seeds in a row share a stack. */
export const SEEDS_A_STACK = SEEDS_A_CHAPTER * COPIES.length;
const STORM_MS = 2500;

export const stackOf = (seed) => Math.floor((seed - 1) / SEEDS_A_STACK);
/**
 * What the processes are like. sweeping: the sweeps look all the time; hasty: a deployment is late after few seconds;
 * impatient: a machine that came late is given back after few seconds.
 */
export const traitsOf = (seed) => {
  const stack = stackOf(seed);
  const chapter = Math.floor(((seed - 1) % SEEDS_A_STACK) / SEEDS_A_CHAPTER);
  const turn = stack + chapter;
  return { copies: COPIES[chapter], gateways: GATEWAYS[chapter], sweeping: turn % 2 === 1, hasty: turn % 3 === 1, impatient: turn % 3 === 2 };
};
/** What everything stands on falls by chance, and for certain in these seeds: a minute from seed 1 on has both. */
const CERTAIN = [
  { every: 8, at: 3, part: 'postgres', downMs: 700 },
  { every: 16, at: 6, part: 'kafka', downMs: 500 },
];

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

/** A call that fails and is carried out later all the same, shortly after or at the last moment, or in between. */
function lateCall(dice) {
  const [method, path, most] = dice.weigh(LATE_CALLS.map(([weight, ...call]) => [weight, call]));
  const seconds = Math.round(1000 * most * dice.weigh([[1, 1], [3, dice.next()]])) / 1000;
  return { method, path, kind: 'late', seconds, ...(dice.chance(0.5) && { status: 503 }), skip: dice.weigh([[5, 0], [2, 1]]), times: dice.weigh([[3, 1], [1, 2], [2, 6]]) };
}

function part(dice, { copies, gateways }) {
  const service = dice.weigh([[1, 'api-gateway'], [3, 'key-provisioner'], [5, 'ovh-orderer'], [3, 'installer'], [2, 'health-monitor']]);
  return `${service}.${dice.int(1, service === 'api-gateway' ? gateways : copies)}`;
}

/** A process that will end itself at named points, or by its own seed. */
function arm(dice, traits) {
  const name = part(dice, traits);
  const again = dice.chance(0.15) ? dice.int(1, 4) : 0; // it ends there once more each time it was started again
  if (dice.chance(0.15)) return { part: name, again, settings: { TEST_CRASH_SEED: dice.int(1, 1e6), TEST_CRASH_ONE_IN: dice.int(5, 80) } };
  const points = dice.times(dice.weigh([[3, 1], [2, 2]]), () => {
    const point = dice.pick(POINTS[name.split('.')[0]]);
    return `${point}:${dice.int(1, PASSAGES[point] ?? PASSAGES_ELSE)}`;
  });
  return { part: name, again, settings: { TEST_CRASH: points.join(',') } };
}

function blow(dice, traits) {
  const ms = dice.int(0, STORM_MS);
  return dice.weigh([
    [8, () => ({ ms, kind: 'kill', part: part(dice, traits), downMs: dice.weigh([[3, 0], [1, dice.int(0, 1500)]]) })],
    [1, () => ({ ms, kind: 'stop', part: part(dice, traits), downMs: dice.int(0, 500) })],
    [4, () => ({ ms, kind: 'echo', topic: dice.pick(TOPICS), picks: dice.times(dice.int(1, 6), () => dice.next()) })],
    [1, () => ({ ms, kind: 'poison', topic: dice.pick(TOPICS), shape: dice.int(0, POISONS - 1) })],
    [0.5, () => ({ ms, kind: 'kill', part: 'postgres', downMs: dice.int(0, 700) })],
    [0.15, () => ({ ms, kind: 'kill', part: 'kafka', downMs: dice.int(0, 500) })],
  ])();
}

const certainBlows = (dice, seed) => CERTAIN.filter(({ every, at }) => seed % every === at).map(({ part: name, downMs }) =>
  ({ ms: dice.int(0, STORM_MS / 2), kind: 'kill', part: name, downMs: dice.int(0, downMs) }));

const byPart = (arms) => [...new Map(arms.map((one) => [one.part, one])).values()];

export function planOf(seed) {
  const dice = new Dice('plan', seed);
  const traits = traitsOf(seed);
  return {
    seed,
    ...traits,
    deployments: dice.times(dice.weigh([[4, 1], [4, 2], [2, 3], [1, 4]]), (i) => script(new Dice('script', seed, i))),
    moods: dice.times(dice.weigh([[4, 0], [4, 1], [1, 2]]), () => dice.weigh(MOODS)),
    faults: dice.times(dice.weigh([[3, 0], [4, 1], [3, 2], [1, 4]]), () => (dice.chance(0.3) ? lateCall(dice) : fault(dice))),
    arms: byPart(dice.times(dice.weigh([[3, 0], [5, 1], [3, 2], [1, 3]]), () => arm(dice, traits))),
    blows: [...dice.times(dice.weigh([[3, 0], [4, 1], [3, 2], [1, 4]]), () => blow(dice, traits)), ...certainBlows(dice, seed)].sort((a, b) => a.ms - b.ms),
  };
}

const copiesOf = (service, n) => Array.from({ length: n }, (_, i) => `${service}.${i + 1}`);

export const partsOf = ({ copies, gateways }) => [...copiesOf('api-gateway', gateways), ...WORKERS.flatMap((service) => copiesOf(service, copies))];
