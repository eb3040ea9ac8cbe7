// API keys at OpenRouter: made, listed newest first in pages of 100, changed and deleted with the management key; an
// issued key can look at itself. The plaintext is told once; its SHA-256 is the key's name from then on.

import { createHash, randomBytes } from 'node:crypto';
import { refuse } from './refusals.js';
import { remaining, usageOf } from './usage.js';

const PAGE = 100;
const LIMIT = 20000;
const RESETS = ['daily', 'weekly', 'monthly', null];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/;

// The longer of the two date shapes OpenRouter is known to use.
const microseconds = (ms) => new Date(ms).toISOString().replace('Z', '244+00:00');

const show = (key, now) => ({
  hash: key.hash, name: key.name, label: key.label, disabled: key.disabled, limit: key.limit, limit_remaining: remaining(key, now),
  limit_reset: key.limit_reset, include_byok_in_limit: key.include_byok_in_limit, ...usageOf(key, now),
  created_at: microseconds(key.created), updated_at: key.updated === null ? null : microseconds(key.updated), expires_at: key.expires_at,
  creator_user_id: key.creator_user_id, workspace_id: key.workspace_id, external_user: null,
});

const is = (...kinds) => (value) => kinds.includes(value === null ? 'null' : typeof value);
const CHECKS = {
  name: (value) => typeof value === 'string' && value.length >= 1 && value.length <= 255,
  limit: (value) => value === null || (typeof value === 'number' && value >= 0),
  limit_reset: (value) => RESETS.includes(value),
  include_byok_in_limit: is('boolean'),
  disabled: is('boolean'),
  expires_at: (value) => value === null || (typeof value === 'string' && UTC_TIME.test(value) && !Number.isNaN(Date.parse(value))),
  workspace_id: (value) => typeof value === 'string' && UUID.test(value),
  creator_user_id: is('string', 'null'),
};
const NEW = ['name', 'limit', 'limit_reset', 'include_byok_in_limit', 'expires_at', 'workspace_id', 'creator_user_id'];
const CHANGEABLE = ['name', 'disabled', 'limit', 'limit_reset', 'include_byok_in_limit'];

// The named fields of a body, or null if one is not what it should be. Others are ignored.
function take(body, fields) {
  const taken = {};
  for (const field of fields) {
    if (body[field] === undefined) continue;
    if (!CHECKS[field](body[field])) return null;
    taken[field] = body[field];
  }
  return taken;
}

function create(call, router) {
  const wanted = take(call.body, NEW);
  if (!wanted || wanted.name === undefined) return refuse(400);
  if (router.keys.size >= LIMIT) return refuse(429);
  const plain = `sk-or-v1-${randomBytes(32).toString('hex')}`;
  const key = {
    hash: createHash('sha256').update(plain).digest('hex'), label: `${plain.slice(0, 12)}...${plain.slice(-4)}`, disabled: false,
    limit: null, limit_reset: null, include_byok_in_limit: false, expires_at: null, workspace_id: router.workspace, creator_user_id: router.user,
    created: router.clock.now(), updated: null, days: new Map(), older: 0, ...wanted,
  };
  router.keys.set(key.hash, key);
  return { status: 201, body: { data: show(key, router.clock.now()), key: plain } };
}

function list(call, router) {
  const offset = call.query.get('offset') ?? '0';
  if (!/^\d{1,9}$/.test(offset)) return refuse(400);
  const disabledToo = call.query.get('include_disabled') === 'true';
  const workspace = call.query.get('workspace_id') ?? router.workspace;
  const rows = [...router.keys.values()].reverse().filter((key) => key.workspace_id === workspace && (disabledToo || !key.disabled));
  return { body: { data: rows.slice(Number(offset), Number(offset) + PAGE).map((key) => show(key, router.clock.now())) } };
}

const withKey = (handler) => (call, router) => {
  const key = router.keys.get(call.params.hash);
  return key ? handler(call, router, key) : refuse(404);
};

function update(call, router, key) {
  const wanted = take(call.body, CHANGEABLE);
  if (!wanted) return refuse(400);
  Object.assign(key, wanted, { updated: router.clock.now() });
  return { body: { data: show(key, router.clock.now()) } };
}

function remove(call, router, key) {
  router.keys.delete(key.hash);
  return { body: { deleted: true } };
}

// The caller's own key, whichever it is.
function current(call, router) {
  const now = router.clock.now();
  const key = call.key ?? {
    label: 'sk-or-mgmt-...', limit: null, limit_reset: null, include_byok_in_limit: false, creator_user_id: router.user, expires_at: null,
    workspace_id: null, days: new Map(), older: 0,
  };
  return {
    body: {
      data: {
        label: key.label, limit: key.limit, limit_remaining: remaining(key, now), limit_reset: key.limit_reset,
        include_byok_in_limit: key.include_byok_in_limit, ...usageOf(key, now), is_free_tier: false, is_management_key: !call.key,
        is_provisioning_key: !call.key, creator_user_id: key.creator_user_id, expires_at: key.expires_at, organization_id: null,
        workspace_id: key.workspace_id, allowed_data_regions: ['global'], free_model_daily_requests: { limit: 50, used: 0, remaining: 50 },
        rate_limit: { requests: -1, interval: '1h', note: 'This field is deprecated and safe to ignore.' },
      },
    },
  };
}

function credits(call, router) {
  const used = [...router.keys.values()].reduce((sum, key) => sum + usageOf(key, router.clock.now()).usage, 0);
  return { body: { data: { total_credits: 100.5, total_usage: used } } };
}

export default [
  ['GET', '/keys', list],
  ['POST', '/keys', create, { plainKeyStatus: 403 }],
  ['GET', '/keys/{hash}', withKey((call, router, key) => ({ body: { data: show(key, router.clock.now()) } }))],
  ['PATCH', '/keys/{hash}', withKey(update)],
  ['DELETE', '/keys/{hash}', withKey(remove)],
  ['GET', '/key', current, { anyKey: true }],
  ['GET', '/credits', credits, { plainKeyStatus: 403 }],
];
