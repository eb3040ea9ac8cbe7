// Doing something to a VPS: rebuild, reboot, start, stop. Each is a task; while one runs every other is refused.

import { iso } from '../clock.js';
import { imagesOf } from './catalog.js';
import { badRequest, noObject, wrongField } from './refusals.js';
import { activeTask, begin, powerOff, stateOf, taskAt } from './servers.js';
import { withServer } from './vps.js';

const STATES = ['todo', 'doing', 'paused', 'waitingAck', 'blocked', 'done', 'error', 'cancelled'];
const PUBLIC_KEY = /^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( [^\r\n]*)?\s*$/;

const show = (task, seen) => ({ id: task.id, type: task.type, state: seen.state, progress: seen.progress, date: iso(task.started) });
const justBegun = (task) => show(task, { state: 'todo', progress: 0 });

const withIdleServer = (handler) => withServer((call, ovh, server) => (activeTask(server)
  ? badRequest('Action not available while there are running tasks on the VPS')
  : handler(call, ovh, server)));

// The disk is wiped at once; the new system boots when the task's time is over. Only publicSshKey together with
// doNotSendPassword installs a key; anything else is accepted and locks the owner out.
function rebuild(call, ovh, server) {
  const { body } = call;
  const wrong = wrongField(body, { imageId: 'string!', publicSshKey: 'string', sshKey: 'string', doNotSendPassword: 'boolean', installRTM: 'boolean' });
  if (wrong) return wrong;
  const image = imagesOf(server.datacenter).find((one) => one.id === body.imageId);
  if (!image) return badRequest(`[imageId] Image ${body.imageId} is not available for this VPS`);
  if (body.publicSshKey && !PUBLIC_KEY.test(body.publicSshKey)) return badRequest('[publicSshKey] This SSH key is not valid');

  const fails = ovh.settings.rebuild_errors > 0;
  if (fails) ovh.settings.rebuild_errors--;
  server.os = image.name;
  server.power = 'running';
  powerOff(ovh, server).catch(() => {});
  const machine = {
    name: server.name, ip: server.ip, hostname: server.name, user: image.name.startsWith('Ubuntu') ? 'ubuntu' : 'debian',
    publicKey: body.doNotSendPassword ? (body.publicSshKey ?? '').trim() : '',
  };
  return justBegun(begin(ovh, server, 'reinstallVm', ovh.clock.now(), async () => {
    if (fails) throw new Error('told to fail');
    await ovh.machines.rebuild(machine);
  }));
}

const withMachine = (ovh, server, act) => async () => {
  if (ovh.machines.get(server.name)) await act(ovh.machines);
};

function reboot(call, ovh, server) {
  if (server.power !== 'running') return badRequest('Action not available while the VPS is stopped');
  return justBegun(begin(ovh, server, 'rebootVm', ovh.clock.now(), withMachine(ovh, server, (machines) => machines.reboot(server.name))));
}

const switchTo = (type, on) => (call, ovh, server) => {
  const power = on ? 'running' : 'stopped';
  if (server.power === power) return badRequest(`Action not available while the VPS is ${stateOf(server)}`);
  return justBegun(begin(ovh, server, type, ovh.clock.now(), async () => {
    await withMachine(ovh, server, (machines) => machines.power(server.name, on))();
    server.power = power;
  }));
};

function list(call, ovh, server) {
  const state = call.query.get('state');
  const type = call.query.get('type');
  if (state !== null && !STATES.includes(state)) return badRequest(`[state] Given data (${state.slice(0, 60)}) does not belong to the TaskStateEnum enumeration`);
  const at = ovh.clock.now() - ovh.settings.task_list_lag * 1000;
  return server.tasks.filter((task) => {
    const seen = taskAt(ovh, task, at);
    return seen && (state === null || seen.state === state) && (type === null || task.type === type);
  }).map((task) => task.id);
}

function one(call, ovh, server) {
  const task = server.tasks.find(({ id }) => String(id) === call.params.task);
  const seen = task && taskAt(ovh, task, ovh.clock.now());
  return seen ? show(task, seen) : noObject(call.params.task);
}

const VPS = '/vps/{service}';

export default [
  ['POST', `${VPS}/rebuild`, withIdleServer(rebuild)],
  ['POST', `${VPS}/reboot`, withIdleServer(reboot)],
  ['POST', `${VPS}/start`, withIdleServer(switchTo('startVm', true))],
  ['POST', `${VPS}/stop`, withIdleServer(switchTo('stopVm', false))],
  ['GET', `${VPS}/tasks`, withServer(list)],
  ['GET', `${VPS}/tasks/{task}`, withServer(one)],
];
