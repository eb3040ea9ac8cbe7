// Kafka's messages once more: old ones of this run's deployments are produced again, headers and all, in another order,
// into the partition they were in, as a producer that crashed or a network that held them back would.

import { run } from '../harness/command.mjs';

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
    await run('kcat', ['-P', '-b', stack.env.KAFKA_BOOTSTRAP, '-t', topic, '-p', String(partition), '-k', key, ...flags], { input: payload, timeout: 20 });
  }
  return chosen.map(({ headers = [] }) => headers[headers.indexOf('ce_type') + 1]);
}
