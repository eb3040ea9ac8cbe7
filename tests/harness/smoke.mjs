// One deployment from the click to READY and back to DESTROYED, told as it happens. Services may
// be killed and started again meanwhile: a call that finds nobody is made again until the deadline.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Api } from './api.mjs';
import { readEnv } from './env.mjs';
import { HttpError } from './http.mjs';
import { until } from './wait.mjs';

const env = readEnv(process.argv[2]);
const timeout = Number(process.env.SMOKE_TIMEOUT || (env.SANDBOX_MACHINES === 'nspawn' ? 1200 : 300)); // booted machines take a minute, and many on a busy host
const api = new Api(env.API_URL);
let end = Date.now() + timeout * 1000;

const secondsLeft = () => Math.max(0, Math.round(end - Date.now()) / 1000);
const tell = (seconds, status, message) => console.log(`${seconds.toFixed(1).padStart(6)} s  ${status.padEnd(12)}  ${message ?? ''}`.trimEnd());

/** A refusal is final; anything else (nobody there, 5xx, busy) is asked again. */
async function patiently(what, call) {
  let refused;
  const value = await until(
    async () => {
      try {
        return { value: await call() };
      } catch (error) {
        if (!(error instanceof HttpError) || error.status >= 500 || error.status === 429) throw error;
        refused = error;
        return true;
      }
    },
    { deadline: secondsLeft(), what, every: 0.25 },
  );
  if (refused) throw refused;
  return value.value;
}

/** Tells every change of status until one of `ends`. The timeline also knows those too short to be seen. */
async function follow(id, clicked, ends) {
  let seq = 0;
  let last;
  const show = (status, at, message) => {
    if (!status || status === last) return;
    last = status;
    tell((at - clicked) / 1000, status, message);
  };
  return until(
    async () => {
      const deployment = await patiently('the deployment', () => api.deployment(id));
      for (const event of await patiently('the timeline', () => api.events(id))) {
        if (event.seq <= seq) continue;
        seq = event.seq;
        if (Date.parse(event.at) >= follow.since) show(event.status, Date.parse(event.at), event.message);
      }
      show(deployment.status, Date.now(), deployment.statusMessage);
      return ends.includes(deployment.status) ? deployment : undefined;
    },
    { deadline: secondsLeft(), what: ends[0], every: 0.2 },
  ).catch((error) => {
    throw new Error(`${error.message}; the last status was ${last}`, { cause: error });
  });
}
follow.since = 0;

/** The machine's page as a browser asks for it, its certificate checked; what stands behind the # stays with the browser. */
function page(url) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca: env.MACHINE_CA_FILE ? readFileSync(env.MACHINE_CA_FILE) : undefined, timeout: 10000, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')));
    asked.on('error', reject).end();
  });
}

async function destroy(id, clicked) {
  end = Math.max(end, Date.now() + 60000); // also after a deployment that took too long
  follow.since = Date.now();
  await patiently('destroy', () => api.destroy(id));
  await follow(id, clicked, ['DESTROYED']);
}

async function deployOnce() {
  await patiently('sign-in', () => api.signIn(env.DEMO_EMAIL, env.DEMO_PASSWORD));
  const key = randomUUID();
  const clicked = Date.now();
  const { id } = await patiently('deploy', () => api.deploy({ key }));
  console.log(`deployment ${id}`);
  let failure;
  let took;
  try {
    const deployment = await follow(id, clicked, ['READY', 'ERROR']);
    took = (Date.parse(deployment.readyAt ?? new Date().toISOString()) - clicked) / 1000;
    if (deployment.status === 'ERROR') throw new Error(`it ended in ERROR: ${deployment.statusMessage}`);
    const asked = Date.now();
    const { url } = await patiently('open', () => api.open(id));
    if (!url.startsWith(`${deployment.url}#bootstrapToken=`)) throw new Error('the link into OpenClaw leads elsewhere');
    const status = await page(url);
    if (status !== 200) throw new Error(`${deployment.url} answers ${status}`);
    tell((Date.now() - clicked) / 1000, 'opened', `${deployment.url} with a link made in ${((Date.now() - asked) / 1000).toFixed(1)} s`);
  } catch (error) {
    failure = error;
  }
  if (process.env.KEEP !== '1') {
    await destroy(id, clicked).catch((error) => {
      if (failure) console.error(`smoke: also, destroying it: ${error.message}`);
      failure ??= error;
    });
  }
  if (failure) throw failure;
  return took;
}

try {
  console.log(`READY in ${(await deployOnce()).toFixed(1)} s`);
} catch (error) {
  console.error(`smoke: ${error.message}`);
  process.exitCode = 1;
}
