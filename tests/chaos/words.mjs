// A plan as a person reads it.

const list = (object) => Object.entries(object).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
const when = ({ status, ms }) => (status ? `when ${status}` : `${ms} ms later`);
const often = (n) => (n > 1 ? ` ${n} times at once` : '');

function deployment(script, i) {
  const steps = script.steps.map((step) => `${when(step.when)} ${step.click}${often(step.times)}`);
  return `${String.fromCharCode(65 + i)}: after ${script.clickMs} ms deploy${often(script.clicks)}; ${steps.join('; ')}; after the storm ${script.after}, then destroy`;
}

function fault({ method, path, kind, skip, times, execute, ...rest }) {
  delete rest.body;
  return `${method} ${path}: ${kind} ${list(rest)}${execute ? ' although done' : ''}${skip ? `, not the first ${skip}` : ''}${times > 1 ? `, ${times} times` : ''}`.replace('  ', ' ');
}

function blow({ ms, kind, part, downMs, topic, picks, shape }) {
  if (kind === 'echo') return `${ms} ms: ${picks.length} old messages of ${topic} again`;
  if (kind === 'poison') return `${ms} ms: a message on ${topic} that nobody can apply (${shape})`;
  return `${ms} ms: ${kind} ${part}${downMs ? `, back ${downMs} ms later` : ''}`;
}

export function planInWords(plan) {
  return [
    `seed ${plan.seed}: ${plan.deployments.length} deployments, ${plan.copies} of each worker, gateways: ${plan.gateways}${plan.sweeping ? ', sweeps all the time' : ''}${plan.hasty ? ', late after 3 s' : ''}${plan.impatient ? ', late machines are given back' : ''}`,
    ...plan.deployments.map(deployment),
    ...plan.moods.map((mood) => `the world: ${list(mood)}`),
    ...plan.faults.map(fault),
    ...plan.arms.map((arm) => `${arm.part} started with ${list(arm.settings)}${arm.again ? `, and ${arm.again} times again` : ''}`),
    ...plan.blows.map(blow),
  ];
}
