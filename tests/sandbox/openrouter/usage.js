// What a key has spent: totals by UTC day, from which the windows (today, this week from Monday, this month) and the
// remainder of its limit follow. Money is spent by chatting, and by POST /_/usage of the sandbox.

const DAY = 86400e3;

const midnight = (ms) => Math.floor(ms / DAY) * DAY;

function windowStart(name, now) {
  const today = midnight(now);
  const date = new Date(today);
  if (name === 'daily') return today;
  if (name === 'weekly') return today - ((date.getUTCDay() + 6) % 7) * DAY;
  if (name === 'monthly') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  return -Infinity;
}

export function spend(key, usd, now) {
  const today = midnight(now);
  key.days.set(today, (key.days.get(today) ?? 0) + usd);
  if (key.days.size > 400) { // older days only count in the total
    const [oldest, amount] = key.days.entries().next().value;
    key.days.delete(oldest);
    key.older += amount;
  }
}

export function spent(key, window, now) {
  const start = windowStart(window, now);
  let sum = start === -Infinity ? key.older : 0;
  for (const [at, usd] of key.days) if (at >= start) sum += usd;
  return Math.round(sum * 1e9) / 1e9;
}

export function usageOf(key, now) {
  return {
    usage: spent(key, 'all', now), usage_daily: spent(key, 'daily', now), usage_weekly: spent(key, 'weekly', now), usage_monthly: spent(key, 'monthly', now),
    byok_usage: 0, byok_usage_daily: 0, byok_usage_weekly: 0, byok_usage_monthly: 0,
  };
}

export const remaining = (key, now) => (key.limit === null ? null : Math.max(0, Math.round((key.limit - spent(key, key.limit_reset ?? 'all', now)) * 1e9) / 1e9));
