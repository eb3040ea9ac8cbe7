// OVH's limit in quick motion: a minute takes two seconds. 60 requests in 2 s for each consumer key, as OVH bears 60 a
// minute, and all pauses and delays thirty times shorter than in life.

const MINUTE = 2;
const quick = (seconds) => (seconds * MINUTE) / 60;

/** What the sandbox's delays are when a minute takes two seconds; the machines' own work is not slowed down. */
export const QUICK_WORLD = {
  checking: quick(20), delivering: quick(60), deliver_task: quick(60), ips: quick(15), rebuild: quick(90), service_active: quick(30), boot: 0, setup: 0,
  rate_limit: 60, rate_window: MINUTE, rate_limit_at: 'ovh', // OpenRouter bears more, and asks for pauses that are not in quick motion
};

export const QUICK_SETTINGS = {
  'ovh-orderer': {
    OVH_RATE: 60, OVH_BURST: 10, OVH_WINDOW_S: MINUTE, OVH_REMEMBER_S: quick(120), DELIVERY_POLL_S: quick(10), REBUILD_POLL_S: quick(5),
    ADDRESS_POLL_S: quick(2), RELEASE_POLL_S: quick(15), STOCK_POLL_S: quick(5), OVH_UNKNOWN_WAIT_S: quick(180), LATE_POLL_S: quick(60),
    DELIVERY_LIMIT_S: quick(900), REBUILD_LIMIT_S: quick(1200), ADDRESS_LIMIT_S: quick(300),
  },
};

/** For a world without machines. Where they work, a whole deployment has life's time, as their work takes life's time. */
export const QUICK_DEPLOYMENTS = { 'api-gateway': { DEPLOYMENT_LIMIT_S: quick(1200) } };

/** Those of the journal's calls that OVH was asked, and how many of them it refused as too many. */
export function ovhCalls(journal) {
  const calls = journal.filter((call) => call.path.startsWith('/1.0/'));
  return { calls, refused: calls.filter((call) => call.status === 429).length };
}

/** Follows deployments until all have ended; calls `seen` with each look at the list. Tells when each ended, in seconds. */
export async function follow(api, ids, until, { deadline, seen = () => {} }) {
  const began = Date.now();
  const left = new Set(ids);
  const ended = new Map();
  await until(
    async () => {
      const list = await api.list();
      seen(list);
      for (const one of list) {
        if (left.has(one.id) && ['READY', 'ERROR'].includes(one.status)) {
          left.delete(one.id);
          ended.set(one.id, { ...one, after: (Date.now() - began) / 1000 });
        }
      }
      return left.size === 0;
    },
    { deadline, what: `all ${ids.length} have ended`, every: 0.3 },
  );
  return ended;
}
