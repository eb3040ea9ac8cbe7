// In real life OVH, OpenRouter and the machines have computers of their own; here they share our cores. So
// the sandbox gives way: a control group with a small share of the processor where there is one (each of
// its machines starts sessions of its own, which a nice value does not reach), else nothing is changed.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

const CONTROLLER = '/sys/fs/cgroup/cpu';

function family(root) {
  const children = new Map();
  for (const name of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const parent = Number(readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) . /, '').split(' ')[0]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // ended meanwhile
    }
  }
  const all = [root];
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i]) ?? []));
  return all;
}

/** Says how, and how to end it once the processes are gone. */
export function worldGivesWay(pid) {
  const group = `${CONTROLLER}/openclaw-bench-${process.pid}`;
  if (!existsSync(`${CONTROLLER}/cpu.shares`)) return { how: 'the sandbox competes for the same cores', end() {} };
  try {
    mkdirSync(group);
    writeFileSync(`${group}/cpu.shares`, '20');
    for (const each of family(pid)) writeFileSync(`${group}/cgroup.procs`, String(each));
  } catch {
    return { how: 'the sandbox competes for the same cores', end() {} };
  }
  return {
    how: 'the sandbox on a small share of the same cores',
    end() {
      try {
        rmdirSync(group);
      } catch {
        console.error(`left behind: ${group}`);
      }
    },
  };
}
