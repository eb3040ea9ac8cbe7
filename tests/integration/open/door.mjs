// OpenClaw runs but makes no link: its owner goes in by the gateway's token, waits at the door and is approved. Exactly that
// browser is, or nobody.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { enter, secretsOf } from '../../harness/openclaw.mjs';
import { until } from '../../harness/wait.mjs';
import { on } from '../hostile/machine.mjs';
import { approve, ask, assertOpens, assertTold, back, calm, DEPLOYMENTS, pretend, rows, world } from './world.mjs';

const LATEST = 25; // seconds: the dashboard waits no longer
const BROKEN = 'case "$1" in dashboard) echo Segmentation fault; exit 139 ;; esac';
const REQUESTS = '/var/lib/openclaw/.openclaw/state/requests';

const newBrowser = () => `browser-${randomUUID()}`;
const knocks = (link, browser) => enter(link, world.stack.env.MACHINE_CA_FILE, browser);
const waitsAtTheDoor = async (link, browser) => assert.equal(await knocks(link, browser), 'PAIRING_REQUIRED');
const isIn = async (link, browser) => assert.equal(await knocks(link, browser), 'connected');

/** How often something was approved on the machine. */
const approvals = async () => Number((await on(world.id, "grep -c 'devices approve' /var/log/standins.log || true")).trim());

/** Nobody waits on the machine, and nothing is noted here. */
async function nobodyWaits() {
  await on(world.id, `sudo -n rm -rf ${REQUESTS}`);
  await world.stack.psql('delete from approvals');
}

async function opensByToken(answer) {
  const { url, approval } = await assertOpens(answer, { use: false });
  assert.equal(approval, true);
  assert.deepEqual(Object.keys(secretsOf(url)), ['token']);
  return url;
}

describe('OpenClaw makes no link', () => {
  before(() => pretend(`${BROKEN}\nexec $REAL "$@"`));
  beforeEach(nobodyWaits);
  afterEach(calm);
  after(async () => {
    await back();
    await nobodyWaits();
    assert.equal((await assertOpens(await ask())).approval, false);
  });

  test('its owner is let in by the token and an approval of that one browser', async () => {
    const answer = await ask();
    const link = await opensByToken(answer);
    assert.ok(Date.parse(answer.body.expiresAt) - Date.now() <= 180000);
    assert.ok(link.startsWith((await world.api.deployment(world.id)).url));
    const [anns, bobs] = [newBrowser(), newBrowser()];
    await waitsAtTheDoor(link, anns);
    const before = await approvals();
    const approved = await approve();
    assert.equal(approved.status, 204, JSON.stringify(approved.body));
    assert.equal(approved.headers.get('cache-control'), 'no-store');
    await isIn(link, anns);
    assert.equal(await approvals(), before + 1);
    await waitsAtTheDoor(link, bobs);
    assert.deepEqual(await rows(), [], 'nothing of it is kept');
    const [line] = await world.stack.psql('select * from audit order by id desc limit 1');
    assert.deepEqual([line.what, line.subject, line.user_id], ['open-approve', world.id, world.api.user.id]);
  });

  test('a browser that takes its time is waited for', async () => {
    const link = await opensByToken(await ask());
    const browser = newBrowser();
    const approving = approve();
    await until(async () => (await rows("wish = 'approval' and claimed_by is not null")).length === 1, { what: 'the approval is under way' });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await waitsAtTheDoor(link, browser);
    assert.equal((await approving).status, 204);
    await isIn(link, browser);
  });

  test('of two that wait nobody is approved; Reconnect turns both away and lets the next one in', async () => {
    const link = await opensByToken(await ask());
    const [one, two] = [newBrowser(), newBrowser()];
    await waitsAtTheDoor(link, one);
    await waitsAtTheDoor(link, two);
    const before = await approvals();
    const answer = await approve();
    assertTold(answer, 409, /^More than one browser waits/);
    assert.ok(answer.seconds < 10, 'it is told at once');
    assert.equal(await approvals(), before);
    await waitsAtTheDoor(link, one);
    await waitsAtTheDoor(link, two);

    const again = await opensByToken(await ask());
    await waitsAtTheDoor(again, two);
    assert.equal((await approve()).status, 204);
    await isIn(again, two);
    await waitsAtTheDoor(again, one);
  });

  test('who waited before is never approved, neither alone nor beside a new one', async () => {
    const token = await opensByToken(await ask());
    await nobodyWaits();
    const lurker = newBrowser();
    await waitsAtTheDoor(token, lurker);
    const link = await opensByToken(await ask());
    const before = await approvals();
    const alone = await approve();
    assertTold(alone, 409, /^No new browser asked/);
    assert.ok(alone.seconds > 10 && alone.seconds < LATEST, `it was waited for, and not too long: ${alone.seconds} s`);
    await waitsAtTheDoor(link, newBrowser());
    assertTold(await approve(), 409, /^More than one browser waits/);
    assert.equal(await approvals(), before);
    await waitsAtTheDoor(link, lurker);
  });

  test('a browser that OpenClaw knows needs none; nobody else does instead', async () => {
    const first = await opensByToken(await ask());
    const [known, lurker] = [newBrowser(), newBrowser()];
    await waitsAtTheDoor(first, known);
    assert.equal((await approve()).status, 204);
    await nobodyWaits();
    await waitsAtTheDoor(first, lurker);
    const link = await opensByToken(await ask());
    const before = await approvals();
    await isIn(link, known);
    const answer = await approve();
    assert.equal(answer.status, 204, JSON.stringify(answer.body));
    assert.ok(answer.seconds > 4 && answer.seconds < 15, `after a while: ${answer.seconds} s`);
    assert.equal(await approvals(), before);
    await waitsAtTheDoor(link, lurker);
  });

  test('it takes too long to make one: that is no reason for the weaker way in', async () => {
    await pretend(`case "$1" in dashboard) exec sleep 3600 ;; esac\nexec $REAL "$@"`);
    const answer = await ask();
    await pretend(`${BROKEN}\nexec $REAL "$@"`);
    assert.equal(answer.status, 504, JSON.stringify(answer.body));
    assert.ok(answer.seconds < LATEST, `after ${answer.seconds} s`);
  });

  test('it refuses one, but does other things', async () => {
    await pretend(`case "$1" in dashboard) echo '{"ok":false,"reason":"A browser handoff cannot be issued."}'; exit 1 ;; esac\nexec $REAL "$@"`);
    await opensByToken(await ask());
    await pretend(`${BROKEN}\nexec $REAL "$@"`);
  });

  test('a list that is none, and an approval that is refused, let nobody in', async () => {
    const link = await opensByToken(await ask());
    const browser = newBrowser();
    await waitsAtTheDoor(link, browser);
    for (const list of ['echo nonsense', `echo '{"pending":[{"requestId":"--latest","clientId":"openclaw-control-ui","role":"operator"}],"paired":[]}'`]) {
      await pretend(`case "$1" in devices) ${list}; exit 0 ;; esac\nexec $REAL "$@"`);
      assertTold(await approve(), 502, /^OpenClaw does not tell which browser/);
    }
    await pretend('case "$2" in approve) exit 1 ;; esac\nexec $REAL "$@"');
    assertTold(await approve(), 502, /^OpenClaw does not let this browser in/);
    await pretend(`${BROKEN}\nexec $REAL "$@"`);
    await waitsAtTheDoor(link, browser);
  });

  test("nobody approves at another's, without such a link, or without signing in", async () => {
    const link = await opensByToken(await ask());
    const browser = newBrowser();
    await waitsAtTheDoor(link, browser);
    const before = await approvals();
    const bob = world.stack.api();
    await bob.signUp();
    assertTold(await approve({ api: bob }), 404, /no such deployment/);
    assertTold(await approve({ id: randomUUID() }), 404, /no such deployment/);
    assertTold(await approve({ api: world.stack.api() }), 401, /sign in/);
    const path = `${DEPLOYMENTS}/${world.id}/open/approve`;
    assertTold(await world.api.request('POST', path, { body: '', headers: { origin: 'https://elsewhere.example' } }), 403, /another origin/);
    assert.equal((await world.api.request('GET', path)).status, 405);
    await world.stack.psql(`update approvals set noted_at = noted_at - interval '6 min'`);
    assertTold(await approve(), 409, /^No link that needs an approval was made lately/);
    await world.stack.psql('delete from approvals');
    assertTold(await approve(), 409, /^No link that needs an approval was made lately/);
    assert.equal(await approvals(), before);
    await waitsAtTheDoor(link, browser);
  });

  test('three approvals at once and no more', async () => {
    await opensByToken(await ask());
    const answers = await Promise.all(Array.from({ length: 6 }, () => approve()));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [409, 409, 409, 429, 429, 429]);
    assert.deepEqual(await rows(), []);
  });

  test('what is noted goes with READY', async () => {
    const id = randomUUID();
    await world.stack.psql(`insert into deployments (id, user_id, name, status, owed) values ('${id}', '${world.api.user.id}', 'door', 'READY', '{}');
      insert into approvals (deployment_id, noted) values ('${id}', '');
      update deployments set status = 'DESTROYING' where id = '${id}'`);
    assert.deepEqual(await world.stack.psql(`select 1 from approvals where deployment_id = '${id}'`), []);
    await world.stack.psql(`delete from deployments where id = '${id}'`);
  });
});
