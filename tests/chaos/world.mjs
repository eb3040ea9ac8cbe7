// What a run plays in: a stack with short pauses, its processes, its database, its books, and one person signed in.

import { join, resolve } from 'node:path';
import { partsOf } from './plan.mjs';
import { Logs } from './logs.mjs';
import { Parts } from './parts.mjs';
import { CALM, ORDER_LIFETIME_S, UNKNOWN_WAIT_S } from './tables.mjs';
import { Api } from '../harness/api.mjs';
import { run } from '../harness/command.mjs';
import { ROOT, startStack } from '../harness/stack.mjs';

export const BIN = resolve(process.env.BIN_DIR ?? join(ROOT, 'build/bin'));
const MACHINES_MAX = 40;
const PIECES = ['llm_key', 'server', 'installation', 'watch'];

const BRISK = {
  'api-gateway': { DEPLOYS_PER_HOUR: 100000 },
  'key-provisioner': { KEY_UNKNOWN_WAIT_S: UNKNOWN_WAIT_S },
  'ovh-orderer': {
    OVH_PLANS: 'vps-2025-model1,vps-2025-model2', OVH_UNKNOWN_WAIT_S: UNKNOWN_WAIT_S, STOCK_POLL_S: 0.2, STOCK_LIMIT_S: 0.6, OVH_RATE: 60000, OVH_BURST: 1000,
    DELIVERY_POLL_S: 0.2, DELIVERY_LIMIT_S: 1.5, LATE_POLL_S: 0.2, OVH_REMEMBER_S: 0.2, REBUILD_POLL_S: 0.2, ADDRESS_POLL_S: 0.2, RELEASE_POLL_S: 0.2,
  },
  installer: { SETUP_POLL_S: 0.1, CONNECT_POLL_S: 0.1 },
  'health-monitor': { PROBE_POLL_S: 0.1, RECHECK_S: 0.1, WATCH_POLL_S: 30 },
};

const SWEEPING = { 'key-provisioner': { SWEEP_S: 1 }, 'ovh-orderer': { SWEEP_S: 1 } };
const HASTY = { 'api-gateway': { DEPLOYMENT_LIMIT_S: 3 } };
const IMPATIENT = { 'ovh-orderer': { LATE_KEEP_S: ORDER_LIFETIME_S + 1 } }; // an order that was paid is waited for that long, too

const settingsOf = (...all) => Object.fromEntries(Object.keys(BRISK).map((service) => [service, Object.assign({}, ...all.map((some) => some[service]))]));

const settingsFor = ({ sweeping, hasty, impatient }) => settingsOf(BRISK, sweeping ? SWEEPING : {}, hasty ? HASTY : {}, impatient ? IMPATIENT : {});
const traitsOf = ({ copies, gateways, sweeping, hasty, impatient }) => ({ copies, gateways, sweeping, hasty, impatient });

export class World {
  #turn = 0;

  static async begin(plan) {
    const world = new World();
    const first = { ...traitsOf(plan), gateways: 1 }; // the demo starts one
    world.stack = await startStack({ copies: plan.copies, settings: settingsFor(plan) });
    world.sandbox = world.stack.sandbox;
    world.sql = world.stack.sql;
    world.parts = new Parts(world.stack, settingsFor(plan), partsOf(first));
    world.logs = new Logs(world.stack.runDir, partsOf(first));
    world.traits = first;
    world.doors = [world.stack.api()];
    await world.doors[0].signUp();
    await world.hurry();
    await world.calm();
    return world;
  }

  /** Its processes are as this plan wants them. */
  async become(plan) {
    const wanted = traitsOf(plan);
    if (JSON.stringify(wanted) === JSON.stringify(this.traits)) return;
    await this.parts.change(settingsFor(wanted), partsOf(wanted));
    this.logs.names = partsOf(wanted);
    this.traits = wanted;
    const [{ cookie }] = this.doors;
    this.doors.splice(wanted.gateways);
    for (let n = this.doors.length + 1; n <= wanted.gateways; n++) this.doors.push(Object.assign(new Api(this.stack.url(`api-gateway.${n}`)), { cookie }));
  }

  /** The same person, at one copy of the gateway after the other. */
  get api() {
    return this.doors[this.#turn++ % this.doors.length];
  }

  async end() {
    this.parts?.close();
    await this.stack?.close();
  }

  async calm() {
    await this.sandbox.clearFaults();
    await this.sandbox.settings({ ...CALM, api: 0 });
  }

  /** Nobody pauses long after a failure. Only the length of the pauses is changed, not their number. */
  async hurry() {
    await this.sql.run(`create or replace function hurry() returns trigger language plpgsql as $$
      begin
        if not new.busy and new.tries > 0 and new.due_at is not null then
          new.due_at := least(new.due_at, clock_timestamp() + interval '100 ms');
        end if;
        return new;
      end $$`);
    for (const piece of PIECES) await this.sql.run(`create trigger hurry before update on ${piece}.resource for each row execute function hurry()`);
  }

  /** What the operator's audit leaves to a person, in words; everything is destroyed, so there should be nothing. */
  async audit() {
    await this.parts.arm([]);
    await this.parts.ready();
    const { DATABASE_URL } = this.stack.env;
    const { stdout, message } = await run(join(BIN, 'clawctl'), ['audit', '--json'], { env: { DATABASE_URL }, timeout: 150 }).catch((error) => error);
    if (!stdout) return [`the audit fails: ${message}`];
    const { sweeps, findings } = JSON.parse(stdout);
    return [
      ...sweeps.filter(({ finished, error }) => !finished || error).map(({ service, error }) => `the sweep of ${service}: ${error}`),
      ...findings.filter(({ resolved }) => !resolved).map(({ kind, subject, words }) => `${kind} ${subject}: ${words}`),
    ];
  }

  /** Everything is destroyed: the machines may end, as they do when their month is over. */
  async tidy() {
    if ((await this.sandbox.ledger()).servers.length < MACHINES_MAX) return;
    await this.sandbox.reset();
    await this.calm();
  }
}
