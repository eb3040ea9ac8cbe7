// What a producer that broke might do. Messages once more: old ones of this run's deployments are produced again, headers and all, in another order,
// into the partition they were in. Poison: messages nobody can apply.

import { run } from '../harness/command.mjs';

export const POISON = 'chaos-poison'; // stands in the payload of each
const STRANGER = '018f0000-0000-7000-8000-00000000dead';
const SHAPES = [
  { type: 'no.such-event', payload: (id) => JSON.stringify({ deploymentId: id, generation: 1, note: POISON }) },
  { type: undefined, payload: (id) => JSON.stringify({ deploymentId: id, note: POISON }) },
  { type: 'deployment.requested', payload: () => `<html>${POISON}</html>` },
  { type: 'deployment.destroy-requested', payload: () => JSON.stringify({ deploymentId: 7, note: POISON }) },
];
export const POISONS = SHAPES.length;

const produce = (stack, topic, key, flags, input) =>
  run('kcat', ['-P', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', topic, '-k', key, ...flags], { input, timeout: 20 });

/** Into the partition of one of this run's deployments, if there is one yet. */
export function poison(stack, topic, shape, [id = STRANGER]) {
  const { type, payload } = SHAPES[shape];
  return produce(stack, topic, id, ['-X', 'topic.partitioner=murmur2_random', ...(type ? ['-H', `ce_type=${type}`] : [])], payload(id));
}

async function messages(stack, topic, ids) {
  const { stdout } = await run('kcat', ['-C', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', topic, '-e', '-q', '-J', '-o', 'beginning'], { timeout: 20 });
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .filter(({ key }) => ids.includes(key))
    .sort((a, b) => a.ts - b.ts || a.partition - b.partition || a.offset - b.offset);
}

/** `picks`: for each message how far back it lies, from 0 (the oldest) to 1. How many were said again. */
export async function echo(stack, topic, picks, ids) {
  const old = await messages(stack, topic, ids);
  if (old.length === 0) return [];
  const chosen = picks.map((pick) => old[Math.floor(pick * old.length)]);
  for (const { partition, key, headers = [], payload } of chosen) {
    const flags = [];
    for (let i = 0; i + 1 < headers.length; i += 2) flags.push('-H', `${headers[i]}=${headers[i + 1]}`);
    await produce(stack, topic, key, ['-p', String(partition), ...flags], payload);
  }
  return chosen.map(({ headers = [] }) => headers[headers.indexOf('ce_type') + 1]);
}
