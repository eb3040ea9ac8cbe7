// A delivered VPS: what it is, its tasks and the state that follows from them, and the real machine behind it. Tasks, like
// orders, know when they began and catch up when somebody looks; only the machine's own work is waited for.

import { randomBytes } from 'node:crypto';
import { monthLater } from '../clock.js';
import { uuid } from './account.js';
import { zoneOf } from './catalog.js';

const MACHINE_DEADLINE = 60000;
const TASKS_KEPT = 200;
const DELAYS = { deliverVm: 'deliver_task', reinstallVm: 'rebuild' }; // the others take as long as the machine does
const DURING = { deliverVm: 'installing', reinstallVm: 'installing', rebootVm: 'rebooting', stopVm: 'stopping', startVm: 'stopped' };

const valueOf = (line, label) => line.configurations.find((one) => one.label === label)?.value;

export function newServer(ovh, order, line, at) {
  const hex = randomBytes(4).toString('hex');
  const name = `vps-${hex}.vps.ovh.us`;
  const server = {
    name, order, plan: line.plan, datacenter: valueOf(line, 'vps_datacenter'), os: valueOf(line, 'vps_os'), zone: zoneOf(valueOf(line, 'vps_datacenter')),
    ip: ovh.addresses.take(), ip6: `2604:2dc0:101:200::${hex.slice(0, 4)}`, mac: `fa:16:3e:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`,
    displayName: name, keymap: 'us', netbootMode: 'local', slaMonitoring: false, iamId: uuid(), tags: new Map(),
    created: at, power: 'running', maintenanceSince: null, tasks: [], work: Promise.resolve(),
    serviceId: ovh.next.service(), expiration: monthLater(at), token: null,
    renew: { automatic: true, deleteAtExpiration: false, type: 'automaticV2012' }, shown: null, changed: 0,
  };
  ovh.servers.set(name, server);
  ovh.services.set(server.serviceId, server);
  ovh.nextExpiration = Math.min(ovh.nextExpiration, server.expiration);
  begin(ovh, server, 'deliverVm', at);
  return server;
}

// Immediately gone, with its machine.
export function dropServer(ovh, server) {
  ovh.servers.delete(server.name);
  ovh.services.delete(server.serviceId);
  ovh.gone.add(server.name);
  server.work = server.work.then(() => ovh.machines.remove(server.name)).catch(() => {}).finally(() => ovh.addresses.free(server.ip));
}

// The machine does one thing after the other, and nothing for ever.
function onMachine(server, what) {
  const done = server.work.then(() => {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(reject, MACHINE_DEADLINE, new Error('the machine took too long')).unref(); });
    return Promise.race([what(), late]).finally(() => clearTimeout(timer));
  });
  server.work = done.catch(() => {});
  return done;
}

export function begin(ovh, server, type, at, machineWork = null) {
  const task = { id: ovh.next.task(), type, started: at, ended: null, failed: false, machineWork, working: false };
  server.tasks.push(task);
  if (server.tasks.length > TASKS_KEPT) server.tasks.shift();
  settleTask(ovh, server, task);
  const delay = dueAt(ovh, task) - ovh.clock.now();
  if (machineWork && delay > 0) setTimeout(settleTask, delay, ovh, server, task).unref(); // boots also when nobody looks
  return task;
}

export const powerOff = (ovh, server) => onMachine(server, async () => {
  if (ovh.machines.get(server.name)) await ovh.machines.power(server.name, false);
});

const dueAt = (ovh, task) => task.started + (DELAYS[task.type] ? ovh.settings[DELAYS[task.type]] * 1000 : 0);

function end(ovh, server, task, at, failed) {
  task.ended = at;
  task.failed = failed;
  if (failed && task.type === 'reinstallVm') server.maintenanceSince = at;
}

function settleTask(ovh, server, task) {
  if (ovh.closed || task.ended !== null || task.working || ovh.clock.now() < dueAt(ovh, task)) return;
  if (!task.machineWork) {
    end(ovh, server, task, dueAt(ovh, task), false);
    return;
  }
  task.working = true;
  onMachine(server, task.machineWork).then(
    () => end(ovh, server, task, ovh.clock.now(), false),
    (error) => {
      console.error(`sandbox: ${task.type} of ${server.name}: ${error.message}`);
      end(ovh, server, task, ovh.clock.now(), true);
    },
  );
}

export function settleServer(ovh, server) {
  for (const task of server.tasks) settleTask(ovh, server, task);
  if (server.maintenanceSince !== null && ovh.clock.now() >= server.maintenanceSince + ovh.settings.rebuild * 1000) server.maintenanceSince = null;
  return server;
}

export const activeTask = (server) => server.tasks.find((task) => task.ended === null);

export function stateOf(server) {
  const task = activeTask(server);
  if (task) return DURING[task.type];
  return server.maintenanceSince === null ? server.power : 'maintenance';
}

// A task as it was at some moment (the list lags behind): null when it was not there yet.
export function taskAt(ovh, task, at) {
  if (at < task.started) return null;
  if (task.ended !== null && at >= task.ended) return { state: task.failed ? 'error' : 'done', progress: 100 };
  const delay = Math.max(dueAt(ovh, task) - task.started, 1);
  const part = (at - task.started) / delay;
  return part < 0.1 && !task.working && task.type !== 'deliverVm' ? { state: 'todo', progress: 0 } : { state: 'doing', progress: Math.min(95, Math.floor(part * 100)) };
}
