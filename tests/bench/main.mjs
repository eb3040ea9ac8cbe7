// `make bench`: how much of a deployment's time is our own. The sandbox's delays are zero; deployments run
// one after the other, then all at once. Every figure comes from the services' own log lines ("move": when
// each action started, ended and was committed), so what is measured is what really ran.
//
//   own time      click → READY, less the time inside actions (they talk to OVH, OpenRouter and machines)
//                 and less the pauses an action asked for because the outside was not ready yet
//   hand-off      an outcome committed → the next action of the same deployment started
//
// Settings: BENCH_N (50), COPIES (1).

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { startStack } from '../harness/stack.mjs';
import { sleep } from '../harness/wait.mjs';
import { movesOf, ownTime, handOffs } from './moves.mjs';
import { row, summary } from './figures.mjs';
import { worldGivesWay } from './world.mjs';

const N = Number(process.env.BENCH_N ?? 50);
const COPIES = Number(process.env.COPIES ?? 1);
const IDLE_S = 10;
const SERVICES = ['api-gateway', 'key-provisioner', 'ovh-orderer', 'installer', 'health-monitor'];
const instant = { checking: 0, delivering: 0, deliver_task: 0, ips: 0, rebuild: 0, service_active: 0, setup: 0, boot: 0 };
const quick = {
  all: { LOG_LEVEL: 'debug' },
  'ovh-orderer': { DELIVERY_POLL_S: 0.2, REBUILD_POLL_S: 0.2, ADDRESS_POLL_S: 0.2 },
  installer: { SETUP_POLL_S: 0.2, CONNECT_POLL_S: 0.2 },
  'health-monitor': { PROBE_POLL_S: 0.2 },
};

const processOf = (stack, name) => {
  const pid = Number(readFileSync(`${stack.runDir}/pids/${name}`, 'utf8').trim().split(/\s+/)[0]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  const number = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)[1]);
  return { rss: number('VmRSS') / 1024, threads: number('Threads'), cpu: (Number(stat[11]) + Number(stat[12])) / 100 };
};

/** `people` click one after the other, or all at once. */
async function deployAll(people, atOnce) {
  const one = async (api) => {
    const { id } = await api.deploy();
    // The time counts by the server's stamps, so a crowd need not look often.
    const ready = await api.waitStatus(id, 'READY', { deadline: 600, every: atOnce ? 2 : 0.1 });
    return { id, clicked: Date.parse(ready.createdAt) * 1000, ready: Date.parse(ready.readyAt) * 1000 };
  };
  const began = Date.now();
  const done = [];
  if (atOnce) done.push(...(await Promise.all(people.map(one))));
  else for (const api of people) done.push(await one(api));
  return { done, seconds: (Date.now() - began) / 1000 };
}

function report(title, { done, seconds }, moves) {
  const mine = done.map((d) => ownTime(d, moves.get(d.id)));
  const hops = done.flatMap((d) => handOffs(moves.get(d.id)));
  console.log(`\n${title}: ${done.length} deployments in ${seconds.toFixed(1)} s`);
  console.log(row('', ['p50', 'p90', 'p99', 'max']));
  console.log(row('click → READY, ms', summary(mine.map((m) => m.total))));
  console.log(row('  inside actions', summary(mine.map((m) => m.acting))));
  console.log(row('  asked-for pauses', summary(mine.map((m) => m.waiting))));
  console.log(row('  own time', summary(mine.map((m) => m.own))));
  console.log(row('    of it click → first action', summary(mine.map((m) => m.first))));
  console.log(row('    of it settling', summary(mine.map((m) => m.settling))));
  console.log(row('    of it coming back late', summary(mine.map((m) => m.late))));
  console.log(row('moves a deployment', summary(mine.map((m) => m.moves))));
  console.log(row('hand-off in a stage', summary(hops.filter((h) => h.within).map((h) => h.ms))));
  console.log(row('hand-off to the next stage', summary(hops.filter((h) => !h.within).map((h) => h.ms))));
}

const stack = await startStack({ copies: COPIES, settings: quick });
let giveWay;
try {
  await stack.sandbox.settings(instant);
  giveWay = worldGivesWay(Number(readFileSync(`${stack.runDir}/pids/sandbox`, 'utf8').trim().split(/\s+/)[0]));
  const people = Array.from({ length: N }, () => stack.api());
  for (const api of people) await api.signUp();
  console.log(`${availableParallelism()} cores, ${COPIES} copies of each worker, sandbox delays zero, ${giveWay.how}`);

  const names = SERVICES.map((s) => `${s}.1`);
  const before = names.map((name) => processOf(stack, name).cpu);
  await sleep(IDLE_S * 1000);
  const idle = names.map((name, i) => ((processOf(stack, name).cpu - before[i]) / IDLE_S) * 100);

  await deployOnce(people[0]);
  const sequence = await deployAll(people, false);
  const crowd = await deployAll(people, true);
  const moves = movesOf(stack.runDir);
  report('one after the other', sequence, moves);
  report('at once', crowd, moves);

  console.log(`\n${row('after that', ['RSS MiB', 'threads', 'idle CPU %'])}`);
  names.forEach((name, i) => {
    const { rss, threads } = processOf(stack, name);
    console.log(row(name, [rss.toFixed(1), threads, idle[i].toFixed(2)]));
  });
} finally {
  await stack.close();
  giveWay?.end();
}

// The first one warms connections and caches; it is not counted.
async function deployOnce(api) {
  const { id } = await api.deploy();
  await api.waitStatus(id, 'READY', { deadline: 120 });
}
