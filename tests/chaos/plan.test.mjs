// The plan of a seed: the same each time, legible to the services, and rich enough over many seeds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../harness/command.mjs';
import { resolve } from 'node:path';
import { partsOf, planOf, SEEDS_A_STACK, traitsOf } from './plan.mjs';
import { LATE_CALLS, POINTS, UNKNOWN_WAIT_S } from './tables.mjs';
import { planOfStep, stepsOf } from './walk.mjs';
import { planInWords } from './words.mjs';

const bin = resolve(process.env.BIN_DIR ?? 'build/bin');

test('the same seed makes the same plan, another seed another', () => {
  for (let seed = 1; seed <= 200; seed++) assert.deepEqual(planOf(seed), planOf(seed));
  assert.equal(new Set(Array.from({ length: 200 }, (_, i) => JSON.stringify(planOf(i + 1)))).size, 200);
});

test('over many seeds every kind of misfortune and every number of copies comes up', () => {
  const plans = Array.from({ length: 2000 }, (_, i) => planOf(i + 1));
  const blows = new Set(plans.flatMap((plan) => plan.blows.map(({ kind, part }) => (part?.includes('.') ? kind : `${kind} ${part ?? ''}`))));
  assert.deepEqual([...blows].sort(), ['echo ', 'kill', 'kill kafka', 'kill postgres', 'poison ', 'stop']);
  assert.deepEqual([...new Set(plans.map(({ copies }) => copies))].sort(), [1, 2, 3]);
  const armed = new Set(plans.flatMap(({ arms }) => arms.flatMap(({ settings }) => settings.TEST_CRASH?.split(',').map((one) => one.split(':')[0]) ?? [])));
  assert.deepEqual([...armed].sort(), [...new Set(Object.values(POINTS).flat())].sort());
});

test('what is carried out late is so in time: before an order is given up, and now and then only just', () => {
  const late = Array.from({ length: 2000 }, (_, i) => planOf(i + 1)).flatMap(({ faults }) => faults.filter(({ kind }) => kind === 'late'));
  for (const [, method, path, most] of LATE_CALLS) {
    const times = late.filter((one) => one.method === method && one.path === path).map(({ seconds }) => seconds);
    assert.ok(times.length > 20 && Math.max(...times) === most && Math.min(...times) < most / 4, `${method} ${path}: ${times.length}`);
    if (!path.endsWith('/pay')) assert.ok(most < UNKNOWN_WAIT_S);
  }
});

test('a minute from seed 1 on meets several kinds of stack and kills PostgreSQL and Kafka; copies only become more', () => {
  const minute = Array.from({ length: 12 }, (_, i) => planOf(i + 1));
  const killed = minute.slice(0, 6).flatMap(({ blows }) => blows.map(({ kind, part }) => kind === 'kill' && part));
  assert.ok(killed.includes('postgres') && killed.includes('kafka'));
  for (const trait of ['copies', 'gateways', 'sweeping', 'hasty', 'impatient']) assert.equal(new Set(minute.map((plan) => plan[trait])).size, 2, trait);
  for (let seed = 2; seed <= 1000; seed++) {
    const [before, now] = [traitsOf(seed - 1), traitsOf(seed)];
    if ((seed - 1) % SEEDS_A_STACK) assert.ok(now.copies >= before.copies && now.gateways >= before.gateways);
  }
});

test('each crash point of the services is in the table, and only those', async () => {
  const { stdout } = await run(`${bin}/installer`, ['--crash-points']);
  const there = stdout.trim().split('\n').map((line) => line.split(' ')[0]);
  assert.deepEqual([...new Set(Object.values(POINTS).flat())].sort(), there.sort());
});

test('a service is not started with a crash point that does not exist', async () => {
  const env = { DATABASE_URL: 'postgresql://a@127.0.0.1:1/a', KAFKA_BOOTSTRAP: '127.0.0.1:1', HTTP_LISTEN: '127.0.0.1:0', DASHBOARD_ORIGIN: 'http://127.0.0.1:1', TEST_CRASH: 'nowhere:1' };
  await assert.rejects(run(`${bin}/health-monitor`, [], { env }), /exit 2\n.*there is no crash point 'nowhere'/);
});

test('a walk passes every crash point of every service, and each of its steps can be walked alone', () => {
  const all = stepsOf('all');
  for (const [service, points] of Object.entries(POINTS)) for (const point of points) assert.ok(all.includes(`${service}/${point}:1`));
  for (const step of all) {
    assert.deepEqual(stepsOf(step), [step]);
    assert.doesNotMatch(planInWords(planOfStep(step)).join('\n'), /undefined|\[object/);
  }
  assert.ok(stepsOf('installer').length < all.length);
  assert.throws(() => stepsOf('nowhere'), /WALK is/);
});

test('a plan only names parts that run, and can be told', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const plan = planOf(seed);
    const parts = [...partsOf(traitsOf(seed)), 'postgres', 'kafka', undefined];
    for (const { part } of [...plan.arms, ...plan.blows]) assert.ok(parts.includes(part), part);
    assert.doesNotMatch(planInWords(plan).join('\n'), /undefined|\[object/);
  }
});
