// What the tests inside share: the sandbox's world, and one machine that is set up undisturbed and then looked at from all
// sides.

import { mkdtemp } from 'node:fs/promises';
import { after } from 'node:test';

import { get, makeKey, until } from '../../sandbox/machines/client.js';
import { RealWorld } from '../world.mjs';

export const { SANDBOX_DIR: dir, SANDBOX_NET: net } = process.env;

async function start() {
  const real = await RealWorld.start(dir, net);
  const machine = await real.machine();
  const { key, hash } = await real.openRouterKey('openclaw-test');
  Object.assign(machine, { openRouterKey: key, hash });
  return { real, machine };
}

let scene;

/** { real, machine }: opened by whoever asks first, closed when the file that runs is through. */
export const opened = () => scene ??= start();
after(async () => (await scene)?.real.close());

export const millis = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export const strangersKey = async () => makeKey(await mkdtemp(`${dir}/keys-`), 'stranger');

/** The reply, once OpenClaw is ready behind its web server. */
export const ready = ({ https }) => until('OpenClaw is ready', async () => {
  const reply = await get(https, '/readyz').catch(() => null);
  return reply?.status === 200 && reply;
}, 300000);
