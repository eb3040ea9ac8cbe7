// What a run plays in: a stack with short pauses, its processes, its database, its books, and one person signed in.

import { partsOf } from './plan.mjs';
import { Logs } from './logs.mjs';
import { Parts } from './parts.mjs';
import { Sql } from './sql.mjs';
import { CALM } from './tables.mjs';
import { startStack } from '../harness/stack.mjs';

const MACHINES_MAX = 40;
const PIECES = ['llm_key', 'server', 'installation', 'watch'];

const BRISK = {
  'api-gateway': { DEPLOYS_PER_HOUR: 100000 },
  'key-provisioner': {},
  'ovh-orderer': {
    OVH_PLANS: 'vps-2025-model1,vps-2025-model2', OVH_UNKNOWN_WAIT_S: 1, STOCK_POLL_S: 0.2, STOCK_LIMIT_S: 0.6, OVH_CALLS_PER_MINUTE: 100000,
    DELIVERY_POLL_S: 0.2, DELIVERY_LIMIT_S: 1.5, REBUILD_POLL_S: 0.2, ADDRESS_POLL_S: 0.2, RELEASE_POLL_S: 0.2,
  },
  installer: { SETUP_POLL_S: 0.1, CONNECT_POLL_S: 0.1 },
  'health-monitor': { PROBE_POLL_S: 0.1, RECHECK_S: 0.1, WATCH_POLL_S: 30 },
};

export class World {
  static async begin(copies) {
    const world = new World();
    world.stack = await startStack({ copies, settings: BRISK });
    world.sandbox = world.stack.sandbox;
    world.sql = new Sql(world.stack.env.DATABASE_URL);
    world.parts = new Parts(world.stack, BRISK, partsOf(copies));
    world.logs = new Logs(world.stack.runDir, partsOf(copies));
    world.api = world.stack.api();
    await world.api.signUp();
    await world.hurry();
    await world.calm();
    return world;
  }

  async end() {
    this.parts?.close();
    this.sql?.close();
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

  /** Everything is destroyed: the machines may end, as they do when their month is over. */
  async tidy() {
    if ((await this.sandbox.ledger()).servers.length < MACHINES_MAX) return;
    await this.sandbox.reset();
    await this.calm();
  }
}
